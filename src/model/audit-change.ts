import type { AuditedListener, AuditReport } from './audit.ts';

/** An audit as a saved file carries it: what a comparison needs of it. */
export interface SavedAudit {
  readonly host: Pick<AuditReport['host'], 'name'>;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly registry: AuditReport['registry'];
  readonly coverage: Pick<AuditReport['coverage'], 'source' | 'complete'>;
  readonly listeners: readonly AuditedListener[];
}

/**
 * What became of a listener. `owner`: another owner, or the same with other rights. `unseen`: the owner could be named in
 * one of the audits only, so that nothing is known to have changed. `moved`: the same owner on another port of those
 * that the host gives out. `other`: findings, registry status, exposure.
 */
export const CHANGE_KINDS = ['appeared', 'owner', 'other', 'unseen', 'moved', 'vanished'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One attribute that is not what it was; null where there was or is none. */
export interface Difference {
  readonly what: 'port' | 'owner' | 'executable' | 'foreign' | 'deleted' | 'user' | 'unit' | 'container' | 'socket unit' | 'dual-stack' | 'registry' | 'finding';
  readonly before: string | null;
  readonly after: string | null;
}

export interface ListenerChange {
  readonly kind: ChangeKind;
  /** Whether it is news that asks for a look: see `compareAudits`. */
  readonly counts: boolean;
  readonly before: AuditedListener | null;
  readonly after: AuditedListener | null;
  readonly differences: readonly Difference[];
}

/** `portreeve/baseline-diff/v1`. Keys are only ever added. */
export interface AuditComparison {
  readonly schema: 'portreeve/baseline-diff/v1';
  readonly before: Omit<SavedAudit, 'listeners'>;
  readonly after: Omit<SavedAudit, 'listeners'>;
  readonly summary: Readonly<Record<ChangeKind, number>> & { readonly unchanged: number; readonly counting: number };
  /** By kind, in the order of `CHANGE_KINDS`, then by port. */
  readonly changes: readonly ListenerChange[];
}
