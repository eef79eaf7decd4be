import type { Problem } from './errors.ts';

/** A problem of a policy file, or of the configuration, with the line that it is in. */
export interface PolicyFault extends Problem {
  readonly code: string;
  /** Text of the line at fault, as it stands in the file; null where the problem is in no line. */
  readonly source: string | null;
}

/** `portreeve/policy-check/v1`. Keys are only ever added. */
export interface PolicyCheck {
  readonly schema: 'portreeve/policy-check/v1';
  /** The files that were read, in the order in which they count. */
  readonly files: readonly string[];
  /** How many of each the sound ones among them hold. */
  readonly rules: number;
  readonly exceptions: number;
  readonly overrides: number;
  /** The day up to which a daemon on this host counted what uses the exceptions, YYYY-MM-DD; null where that is not known. */
  readonly usageUntil: string | null;
  /** File by file, each from its top to its end. */
  readonly problems: readonly PolicyFault[];
}
