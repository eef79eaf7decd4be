import type { Coverage } from './coverage.ts';
import type { RuleDecision } from './explanation.ts';
import type { Listener } from './listener.ts';
import type { AssignmentStatus, PortFacts } from './registry.ts';
import type { Severity } from './severity.ts';

/** A rule that matched a listener. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly title: string;
  readonly advice: string | null;
  readonly references: readonly string[];
  readonly attack: readonly string[];
  /** The exception that silences this finding, or null. */
  readonly excepted: { readonly id: string; readonly reason: string; readonly expires: string | null } | null;
}

/** A listener with what the registry says of its port (null for a raw socket), before the policy. */
export interface RegisteredListener extends Listener {
  readonly registry: PortFacts | null;
}

/** A listener with its findings, worst first. */
export interface AuditedListener extends RegisteredListener {
  readonly findings: readonly Finding[];
  /** Every rule in force, in the policy's order, as it was tried. Absent unless it was asked for. */
  readonly trials?: readonly RuleDecision[];
}

/** `portreeve/audit/v1`, as `--format json` prints it. Keys are only ever added. */
export interface AuditReport {
  readonly schema: 'portreeve/audit/v1';
  readonly version: string;
  readonly host: { readonly name: string; readonly os: string; readonly kernel: string };
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly registry: { readonly source: string; readonly updated: string };
  readonly policy: { readonly files: readonly string[]; readonly rules: number; readonly exceptions: number; readonly warnings: readonly string[] };
  readonly coverage: Coverage;
  readonly summary: {
    readonly listeners: number;
    readonly byStatus: Readonly<Record<AssignmentStatus, number>>;
    /** Listeners by their worst finding that no exception silences; listeners without one are not counted here. */
    readonly bySeverity: Readonly<Record<Severity, number>>;
    /** Findings that an exception silences. */
    readonly excepted: number;
  };
  /** Worst first, then by port, protocol and address. */
  readonly listeners: readonly AuditedListener[];
}

/** The worst finding that no exception silences, or null. */
export function worstFinding(listener: Pick<AuditedListener, 'findings'>): Finding | null {
  return listener.findings.find((finding) => finding.excepted === null) ?? null;
}
