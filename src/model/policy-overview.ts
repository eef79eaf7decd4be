import type { FilePosition, Problem } from './errors.ts';
import type { Severity } from './severity.ts';

/** A change to a rule by a file other than its own, and why. */
export interface AppliedOverride {
  readonly enabled: boolean | null;
  readonly severity: Severity | null;
  readonly reason: string;
  readonly position: FilePosition;
}

export interface RuleOverview {
  readonly id: string;
  readonly title: string;
  /** With the override, as all of it. */
  readonly severity: Severity;
  readonly enabled: boolean;
  /** Where it stands. */
  readonly position: FilePosition;
  /** As the rule stands in its own file. */
  readonly declared: { readonly severity: Severity; readonly enabled: boolean };
  readonly override: AppliedOverride | null;
}

export interface ExceptionOverview {
  readonly id: string;
  readonly rules: readonly string[];
  readonly reason: string;
  readonly owner: string | null;
  readonly expires: string | null;
  /** Whole days from today to its last: 0 today, negative where it has expired. Null: it does not expire. */
  readonly daysLeft: number | null;
  readonly inForce: boolean;
  readonly position: FilePosition;
}

export interface PolicyFileOverview {
  readonly file: string;
  readonly origin: 'shipped' | 'local';
  readonly rules: number;
  readonly exceptions: number;
  readonly overrides: number;
}

/** `portreeve/policy/v1`: what is in force, and where each piece comes from. Keys are only ever added. */
export interface PolicyOverview {
  readonly schema: 'portreeve/policy/v1';
  readonly files: readonly PolicyFileOverview[];
  /** All of them, in force or not. */
  readonly rules: readonly RuleOverview[];
  readonly exceptions: readonly ExceptionOverview[];
  readonly warnings: readonly Problem[];
}
