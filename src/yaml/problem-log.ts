import type { Problem } from '../model/errors.ts';
import type { Place } from './placed-node.ts';

/** More than anyone repairs in one go; a hostile file would otherwise make a message of a million lines. */
const MOST_PROBLEMS = 200;

/** Collects what is wrong with one file, so that a person sees all of it at once. */
export interface ProblemLog {
  readonly problems: readonly Problem[];
  /** Whether an error (not just a warning) was logged. */
  readonly failed: boolean;
  /** Nothing more is kept: the caller may stop looking. */
  readonly full: boolean;
  error(at: Place | null, message: string, hint?: string | null, code?: string): void;
  warn(at: Place | null, message: string, hint?: string | null, code?: string): void;
}

/** Problems in the order in which a person meets them: file by file as they come, each from its top to its end. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  const order = new Map([...new Set(problems.map(({ position }) => position.file))].map((file, index) => [file, index]));
  const rank = ({ position }: Problem): number => order.get(position.file) ?? 0;
  return [...problems].sort(
    (one, other) => rank(one) - rank(other) || (one.position.line ?? 0) - (other.position.line ?? 0) || (one.position.column ?? 0) - (other.position.column ?? 0),
  );
}

/** `usual`: the code of what is logged without one. */
export function createProblemLog(file: string, usual = 'bad-value'): ProblemLog {
  const problems: Problem[] = [];
  let failed = false;
  const add = (level: Problem['level'], at: Place | null, message: string, hint: string | null, code: string): void => {
    failed ||= level === 'error';
    if (problems.length > MOST_PROBLEMS) return;
    const position = { file, line: at?.[0] ?? null, column: at?.[1] ?? null };
    problems.push(
      problems.length < MOST_PROBLEMS
        ? { position, message, hint, level, code }
        : { position, message: 'too many problems; the rest of this file is not reported', hint: null, level, code },
    );
  };
  return {
    problems,
    get failed() {
      return failed;
    },
    get full() {
      return problems.length > MOST_PROBLEMS;
    },
    error: (at, message, hint = null, code = usual) => {
      add('error', at, message, hint, code);
    },
    warn: (at, message, hint = null, code = usual) => {
      add('warning', at, message, hint, code);
    },
  };
}
