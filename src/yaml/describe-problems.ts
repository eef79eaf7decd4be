import { PortreeveError, type ErrorCode, type Problem } from '../model/errors.ts';
import { excerptLine } from '../model/source-excerpt.ts';
import { cleanText } from '../model/untrusted-text.ts';

/** Texts of files by their names, for the lines at fault. */
export type SourceTexts = ReadonlyMap<string, string>;

/**
 * The error for files that cannot be used. `subject`: with its verb, `the policy has`. The code is `unreadable` where
 * nothing worse happened than that files could not be read, else `invalid`.
 */
export function faultyFiles(subject: string, problems: readonly Problem[], sources: SourceTexts, codes: { readonly invalid: ErrorCode; readonly unreadable: ErrorCode }): PortreeveError {
  const errors = problems.filter((problem) => problem.level === 'error');
  const code = errors.every((problem) => problem.position.line === null) ? codes.unreadable : codes.invalid;
  const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
  return new PortreeveError(code, `${subject} ${count}\n${describeProblems(problems, sources)}`, { problems });
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
  if (line !== undefined && line.trim() !== '') parts.push(...excerptLine(line, position.column ?? 1).map((text) => `    ${text}`));
  if (hint !== null) parts.push(`    ${cleanText(hint)}`);
  return parts.join('\n');
}
