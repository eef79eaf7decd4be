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
  error(at: Place | null, message: string, hint?: string | null): void;
  warn(at: Place | null, message: string, hint?: string | null): void;
}

export function createProblemLog(file: string): ProblemLog {
  const problems: Problem[] = [];
  let failed = false;
  const add = (level: Problem['level'], at: Place | null, message: string, hint: string | null): void => {
    failed ||= level === 'error';
    if (problems.length > MOST_PROBLEMS) return;
    const position = { file, line: at?.[0] ?? null, column: at?.[1] ?? null };
    problems.push(
      problems.length < MOST_PROBLEMS
        ? { position, message, hint, level }
        : { position, message: 'too many problems; the rest of this file is not reported', hint: null, level },
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
    error: (at, message, hint = null) => {
      add('error', at, message, hint);
    },
    warn: (at, message, hint = null) => {
      add('warning', at, message, hint);
    },
  };
}
