import { PortreeveError, type Problem } from '../model/errors.ts';
import { cleanText, displayWidth, takeColumns } from '../model/untrusted-text.ts';

/** A line at fault is shown this wide; a longer one is cut where it still shows the place. */
const WIDEST_EXCERPT = 100;

/** Texts of files by their names, for the lines at fault. */
export type SourceTexts = ReadonlyMap<string, string>;

/**
 * The error for a policy that cannot be used. Its code is `policy-unreadable` where nothing worse happened than that
 * files could not be read, else `policy-invalid`.
 */
export function policyError(problems: readonly Problem[], sources: SourceTexts = new Map()): PortreeveError {
  const errors = problems.filter((problem) => problem.level === 'error');
  const code = errors.every((problem) => problem.position.line === null) ? 'policy-unreadable' : 'policy-invalid';
  const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
  return new PortreeveError(code, `the policy has ${count}\n${describeProblems(problems, sources)}`, { problems });
}

/** Problems for a person, errors first: the place and what is wrong, the line with a caret under it, the hint. */
export function describeProblems(problems: readonly Problem[], sources: SourceTexts = new Map()): string {
  const lines = new Map<string, readonly string[]>();
  const linesOf = (file: string): readonly string[] => {
    const known = lines.get(file) ?? (sources.get(file) ?? '').split(/\r?\n/);
    lines.set(file, known);
    return known;
  };
  const errors = problems.filter((problem) => problem.level === 'error');
  const others = problems.filter((problem) => problem.level !== 'error');
  return [...errors, ...others].map((problem) => describeProblem(problem, linesOf)).join('\n');
}

function describeProblem({ position, message, hint, level }: Problem, linesOf: (file: string) => readonly string[]): string {
  const place = [cleanText(position.file), position.line, position.column].filter((part) => part !== null).join(':');
  const parts = [`${place}: ${level === 'error' ? '' : `${level}: `}${cleanText(message)}`];
  const line = position.line === null ? undefined : linesOf(position.file)[position.line - 1];
  if (line !== undefined && line.trim() !== '') parts.push(...excerpt(line, position.column ?? 1));
  if (hint !== null) parts.push(`    ${cleanText(hint)}`);
  return parts.join('\n');
}

/** The line, cleaned, and a caret below the column (counted in UTF-16 units, as `yaml` does). */
function excerpt(line: string, column: number): [string, string] {
  const from = column > WIDEST_EXCERPT ? column - WIDEST_EXCERPT / 2 : 0;
  const before = cleanText(line.slice(from, column - 1));
  const shown = takeColumns(before + cleanText(line.slice(column - 1, column + WIDEST_EXCERPT)), WIDEST_EXCERPT);
  return [`    ${shown}`, `    ${' '.repeat(Math.min(displayWidth(before), WIDEST_EXCERPT))}^`];
}
