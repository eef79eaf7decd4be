import type { PortreeveError, Problem } from '../model/errors.ts';
import { cleanText } from '../model/untrusted-text.ts';

interface ProblemOptions {
  readonly ascii?: boolean;
}

/**
 * An error for stderr: what happened, each problem with its place (as compilers write it, so that editors jump there),
 * and what to do next. The message may show lines of a file: it keeps its line breaks, and nothing else in it can reach
 * the terminal raw. A problem that the message shows already is not told twice. Who made the message may have cleaned
 * what it quotes, so escapes in it stay as they are. Ends in a line break.
 */
export function renderError(error: PortreeveError, options: ProblemOptions = {}): string {
  const told = error.message.trimEnd();
  const untold = error.problems.filter(({ message }) => !told.includes(message) && !told.includes(cleanText(message)));
  const clean = (line: string): string => cleanText(line, { ...options, again: true });
  const lines = [
    ...told.split(/\r?\n/).map((line, index) => (index === 0 ? `portreeve: ${clean(line)}` : clean(line))),
    ...untold.flatMap((problem) => problemLines(problem, options)),
    ...(error.hint === null ? [] : [`portreeve: ${clean(error.hint)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** One problem: `file:line:column: level: message`, and below it what was probably meant. */
export function renderProblem(problem: Problem, options: ProblemOptions = {}): string {
  return `${problemLines(problem, options).join('\n')}\n`;
}

function problemLines({ position, message, hint, level }: Problem, options: ProblemOptions): string[] {
  const place = [position.file, position.line, position.column].filter((part) => part !== null).join(':');
  return [
    `${cleanText(place, options)}: ${level}: ${cleanText(message, options)}`,
    ...(hint === null ? [] : [`  ${cleanText(hint, options)}`]),
  ];
}
