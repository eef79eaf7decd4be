import type { Problem } from '../model/errors.ts';
import { countUnusedDays, type ExceptionUsage } from '../model/exception-usage.ts';
import type { OverriddenRule } from './apply-overrides.ts';
import type { FieldCondition } from './compare-matches.ts';
import type { ConditionDocument, ExceptionDocument } from './document.ts';
import { problemAt } from './problem-at.ts';

/** What a daemon counted, and when that is too long. */
export interface UnusedLimit {
  readonly usage: ExceptionUsage;
  /** The last day on which it counted, YYYY-MM-DD: of later ones nobody knows. */
  readonly until: string;
  /** From so many days on, an exception that silenced nothing is called unused. */
  readonly days: number;
}

/** What experience says against one exception, beside what each audit tells of it already. */
export function lintException(exception: ExceptionDocument, file: string, rules: ReadonlyMap<string, OverriddenRule>, unused: UnusedLimit | null): readonly Problem[] {
  return [
    lintHolder(exception, file),
    ...lintSilenced(exception, file, rules),
    unused === null ? null : lintUsage(exception, file, unused),
  ].filter((problem) => problem !== null);
}

/** An exception is for one program in one place: what says which? */
function lintHolder({ id, at, match }: ExceptionDocument, file: string): Problem | null {
  if (needsOneOf(match, isEvidence)) return null;
  const hint = 'Add exe with the path of the executable, and unit or user.';
  if (needsOneOf(match, ({ field }) => field === 'process')) {
    return problemAt(file, at, 'warning', 'exception-by-process', `the exception "${id}" knows the holder by its process name alone, and a process chooses its own`, hint);
  }
  const where = needsOneOf(match, ({ field }) => field === 'port') ? 'by its port alone' : 'without saying who holds it';
  return problemAt(file, at, 'warning', 'exception-by-port', `the exception "${id}" approves a listener ${where}: any process can hide behind it`, hint);
}

/** Whether no listener fulfils the match without fulfilling one of these conditions. What is ruled out with `not` tells little. */
function needsOneOf(match: ConditionDocument, isWanted: (condition: FieldCondition) => boolean): boolean {
  switch (match.kind) {
    case 'field':
      return isWanted(match);
    case 'all':
      return match.conditions.some((condition) => needsOneOf(condition, isWanted));
    case 'any':
      return match.conditions.every((condition) => needsOneOf(condition, isWanted));
    case 'not':
      return false;
  }
}

/** Says who holds the listener, in a way that not every process can bring about. */
function isEvidence({ field, values }: FieldCondition): boolean {
  switch (field) {
    case 'exe':
    case 'unit':
    case 'exePackage':
      return values.every((value) => value !== 'none' && !/^[*/]*$/.test(String(value)));
    case 'user':
    case 'uid':
      return true;
    case 'container':
      return values.every((value) => value !== false);
    case 'activated':
      return values.includes(true);
    case 'ownerKind':
    case 'ownerReason':
      return values.every((value) => value === 'kernel');
    default:
      return false;
  }
}

function lintSilenced({ id, rules: silenced }: ExceptionDocument, file: string, rules: ReadonlyMap<string, OverriddenRule>): readonly Problem[] {
  const known = silenced.flatMap((placed) => {
    const rule = rules.get(placed.id);
    return rule === undefined ? [] : [{ ...placed, rule }];
  });
  const critical = known
    .filter(({ rule }) => rule.enabled && rule.severity === 'critical')
    .map((placed) => problemAt(file, placed.at, 'warning', 'exception-of-critical', `the exception "${id}" silences "${placed.id}", which is critical`, 'Be sure that it cannot cover for anything else, and let it expire.'));
  const [first] = known;
  if (first === undefined || known.length < silenced.length || known.some(({ rule }) => rule.enabled)) return critical;
  const what = known.length === 1 ? `the rule "${first.id}", which is` : 'rules that are';
  return [problemAt(file, first.at, 'warning', 'exception-of-disabled', `the exception "${id}" silences ${what} switched off`, 'Remove it, or switch the rule on.')];
}

function lintUsage({ id, at }: ExceptionDocument, file: string, { usage, until, days: limit }: UnusedLimit): Problem | null {
  const days = countUnusedDays(usage, id, until);
  if (days === null || days < limit) return null;
  const last = usage.lastUsed.get(id);
  const when = last === undefined ? `in the ${days} days since ${usage.watchedSince.get(id) ?? ''}` : `since ${last}, ${days} days ago`;
  return problemAt(file, at, 'warning', 'exception-unused', `the exception "${id}" has silenced nothing ${when}`, 'Remove it: what it was for is gone, and the next one to use it may be another.');
}
