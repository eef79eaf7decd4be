/** Closed set of failures that reach a user. Each maps to one exit code. */
export const ERROR_CODES = {
  'usage': 2,
  'policy-invalid': 2,
  'policy-unreadable': 2,
  'registry-invalid': 2,
  'registry-unreadable': 2,
  'audit-invalid': 2,
  'audit-unreadable': 2,
  'config-invalid': 2,
  'config-unreadable': 2,
  'output-unwritable': 2,
  // An update that could not be made leaves the registry in force as it was, and is tried again: not a fault of what was typed.
  'update-failed': 3,
  'update-refused': 3,
  'state-busy': 3,
  'state-unwritable': 3,
  'state-unreadable': 3,
  'daemon-unreachable': 3,
  'daemon-running': 3,
  'control-failed': 3,
  'sink-failed': 3,
  'service-failed': 3,
  'source-unsupported': 3,
  'source-failed': 3,
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

/** Where in a file something is wrong. Line and column count from 1. */
export interface FilePosition {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
}

/** One thing wrong in an input file: where, what, and what was probably meant. */
export interface Problem {
  readonly position: FilePosition;
  readonly message: string;
  readonly hint: string | null;
  /** `error` stops the run; `warning` and `notice` (nothing is wrong yet) are reported and the run goes on. */
  readonly level: 'error' | 'warning' | 'notice';
  /** Stable name of this kind of problem, for filters and editors; absent where there is nothing to tell kinds apart. */
  readonly code?: string;
}

/** An error for a person: what happened, to which file or socket, and what to do next. */
export class PortreeveError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | null;
  /** All that is wrong with the input, where an input is at fault. */
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, message: string, options: { hint?: string; problems?: readonly Problem[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PortreeveError';
    this.code = code;
    this.hint = options.hint ?? null;
    this.problems = options.problems ?? [];
  }

  get exitCode(): 2 | 3 {
    return ERROR_CODES[this.code];
  }
}

/** What was thrown, as an error: anything can be thrown. */
export function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
