import type { AuditedListener } from './audit.ts';
import type { Severity } from './severity.ts';

/** One field of a proposed match; several values mean any of them. Text is a pattern already where the field takes patterns. */
export interface ProposedField {
  readonly field: string;
  readonly values: readonly (string | number | boolean)[];
}

/** An exception that would silence findings of one scan and, of that scan, nothing else. */
export interface ProposedException {
  readonly id: string;
  readonly rules: readonly string[];
  readonly match: readonly ProposedField[];
  /** What it would silence, by port; one at least. */
  readonly listeners: readonly AuditedListener[];
}

/** A listener with findings for which no exception is proposed. */
export interface WithheldListener {
  readonly listener: AuditedListener;
  /** Of its findings, those that keep alerting. */
  readonly rules: readonly string[];
  /** One sentence for a person; holds text that a process chose. */
  readonly reason: string;
}

export interface Proposals {
  /** By the worst of their findings. */
  readonly exceptions: readonly ProposedException[];
  readonly withheld: readonly WithheldListener[];
}

/** What `baseline create` writes: the proposals and the scan that they rest on. */
export interface Baseline extends Proposals {
  readonly version: string;
  readonly host: string;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Whether the scan saw everything. */
  readonly complete: boolean;
  readonly minSeverity: Severity;
  /** YYYY-MM-DD for every exception, or null for none. */
  readonly expires: string | null;
}
