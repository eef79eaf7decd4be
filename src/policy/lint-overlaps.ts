import type { Problem } from '../model/errors.ts';
import { covers, mayShareValue, matchKey } from './compare-matches.ts';
import type { ConditionDocument, ExceptionDocument } from './document.ts';
import { problemAt } from './problem-at.ts';

interface Placed {
  readonly file: string;
  readonly exception: ExceptionDocument;
}

/** About 1 us each. Exceptions for different single ports are never compared, so real policies stay far below. */
const MOST_COMPARISONS = 300_000;

/**
 * Exceptions that share a rule and a listener: the day one of them is removed or expires, the other goes on silencing.
 * Told are those of `files`, each once; exceptions in other files are what they may overlap with.
 */
export function lintOverlaps(placed: readonly Placed[], files: ReadonlySet<string>): readonly Problem[] {
  const problems: Problem[] = [];
  let comparisons = 0;
  const byPort = new Map<unknown, Placed[]>();
  for (const one of placed) {
    const port = singlePort(one.exception.match);
    const neighbours = port === null ? placed : [...(byPort.get(port) ?? []), ...(byPort.get(null) ?? [])];
    for (const earlier of neighbours) {
      if (port === null && earlier === one) break;
      if (++comparisons > MOST_COMPARISONS) return problems;
      const problem = compare(earlier, one, files);
      if (problem === null) continue;
      problems.push(problem);
      break;
    }
    const group = byPort.get(port);
    if (group === undefined) byPort.set(port, [one]);
    else group.push(one);
  }
  return problems;
}

function compare(earlier: Placed, later: Placed, files: ReadonlySet<string>): Problem | null {
  const shared = later.exception.rules.filter(({ id }) => earlier.exception.rules.some((rule) => rule.id === id));
  // Two of one id are an error already.
  if (shared.length === 0 || earlier.exception.id === later.exception.id) return null;
  for (const [wide, narrow] of [[earlier, later], [later, earlier]] as const) {
    if (files.has(narrow.file) && covers(wide.exception.match, narrow.exception.match) && outlasts(wide.exception, narrow.exception)) return describeCovered(wide, narrow);
  }
  const told = files.has(later.file) ? later : earlier;
  const other = told === later ? earlier : later;
  if (!files.has(told.file) || !haveCommonListeners(earlier.exception.match, later.exception.match)) return null;
  const { id, at } = told.exception;
  return problemAt(
    told.file,
    at,
    'warning',
    'exception-overlap',
    `the exceptions "${id}" and "${other.exception.id}" (${placeOf(other)}) both silence "${shared[0]?.id ?? ''}" for some listeners`,
    'Whichever goes first, the other still silences those. Let each listener have one.',
  );
}

function describeCovered(wide: Placed, { file, exception }: Placed): Problem {
  const left = exception.rules.filter(({ id }) => !wide.exception.rules.some((rule) => rule.id === id));
  const told = left.length === 0 ? '' : ` as far as ${exception.rules.length - left.length} of its ${exception.rules.length} rules go`;
  return problemAt(
    file,
    exception.at,
    'warning',
    'exception-overlap',
    `the exception "${exception.id}" adds nothing${told}: "${wide.exception.id}" (${placeOf(wide)}) covers all of it`,
    'Remove the wider one if it was meant to be replaced, else this one.',
  );
}

/** An exception that ends before another does not make that one needless. */
function outlasts(wide: ExceptionDocument, narrow: ExceptionDocument): boolean {
  return wide.expires === null || (narrow.expires !== null && wide.expires.date >= narrow.expires.date);
}

/** Both name the same fields, with values in common in each. With other fields nothing can be told. */
function haveCommonListeners(one: ConditionDocument, other: ConditionDocument): boolean {
  if (one.kind !== 'all' || other.kind !== 'all' || one.conditions.length !== other.conditions.length) return false;
  return one.conditions.every((condition) =>
    other.conditions.some((counterpart) =>
      condition.kind === 'field' && counterpart.kind === 'field' ? condition.field === counterpart.field && mayShareValue(condition, counterpart) : matchKey(condition) === matchKey(counterpart),
    ),
  );
}

function singlePort(match: ConditionDocument): number | null {
  if (match.kind !== 'all') return null;
  for (const condition of match.conditions) {
    if (condition.kind === 'field' && condition.field === 'port') return condition.values.length === 1 && typeof condition.values[0] === 'number' ? condition.values[0] : null;
  }
  return null;
}

function placeOf({ file, exception }: Placed): string {
  return `${file}:${exception.at.join(':')}`;
}
