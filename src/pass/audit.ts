import { hostname, release, type as osType } from 'node:os';
import { evaluateListener } from '../findings/evaluate.ts';
import { worstFinding, type AuditedListener, type AuditReport, type RegisteredListener } from '../model/audit.ts';
import { coverageOf } from '../model/coverage.ts';
import type { Listener } from '../model/listener.ts';
import type { Policy } from '../model/policy.ts';
import { ASSIGNMENT_STATUSES, type AssignmentStatus, type PortFacts, type PortRegistry, type Transport } from '../model/registry.ts';
import { SEVERITIES, severityRank, type Severity } from '../model/severity.ts';
import type { Protocol } from '../model/socket.ts';
import { VERSION } from '../model/version.ts';
import { explainDecisions } from './explain-decisions.ts';
import { addPolicyFacts, policyGaps } from './policy-facts.ts';
import { readHost, type HostChoice, type HostReading } from './read-host.ts';

export interface AuditInput extends HostChoice {
  readonly registry: PortRegistry;
  readonly policy: Policy;
  readonly now: () => Date;
}

export interface AuditWish {
  /** Keep for each listener every rule as it was tried, not only those that matched. */
  readonly trials?: boolean;
}

/**
 * One pass: sources and inventory give the listeners, the registry says what their ports are, the policy what it makes
 * of them, and the report is what came out.
 */
export async function audit({ source, owners, registry, policy, now }: AuditInput, { trials = false }: AuditWish = {}): Promise<AuditReport> {
  const startedAt = now();
  const reading = await readHost({ source, owners });
  const listeners = judgeListeners(reading, registry, policy).map((listener) => (trials ? { ...listener, trials: explainDecisions(listener, policy).rules } : listener));
  return composeReport({ startedAt, endedAt: now(), reading, registry, policy, listeners });
}

/**
 * What the registry says of each listener's port, and then what the policy makes of the listener.
 * @param among all listeners of the host, where only some are judged
 */
export function judgeListeners({ listeners, source }: Pick<HostReading, 'listeners' | 'source'>, registry: PortRegistry, policy: Policy, among = listeners): readonly AuditedListener[] {
  return addPolicyFacts(listeners, policy, source, among)
    .map((listener) => joinRegistry(listener, registry))
    .map((listener) => ({ ...listener, findings: evaluateListener(listener, policy) }));
}

/** UDP-Lite shares the ports of UDP (RFC 3828, section 7). A raw socket has no port, and so no entry. */
export const REGISTRY_TRANSPORT: Readonly<Record<Protocol, Transport | null>> = {
  tcp: 'tcp',
  udp: 'udp',
  udplite: 'udp',
  sctp: 'sctp',
  dccp: 'dccp',
  raw: null,
};

export function joinRegistry(listener: Listener, registry: PortRegistry): RegisteredListener {
  const transport = REGISTRY_TRANSPORT[listener.protocol];
  const facts: PortFacts | null = transport === null || listener.port === null ? null : registry.lookup(listener.port, transport);
  return { ...listener, registry: facts };
}

export interface JudgedReading {
  readonly startedAt: Date;
  readonly endedAt: Date;
  readonly reading: Pick<HostReading, 'source' | 'owners' | 'gaps'>;
  readonly registry: PortRegistry;
  readonly policy: Policy;
  /** In any order. */
  readonly listeners: readonly AuditedListener[];
}

export function composeReport({ startedAt, endedAt, reading, registry, policy, listeners }: JudgedReading): AuditReport {
  const byStatus = Object.fromEntries(ASSIGNMENT_STATUSES.map((status) => [status, 0])) as Record<AssignmentStatus, number>;
  const bySeverity = Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])) as Record<Severity, number>;
  let excepted = 0;
  for (const listener of listeners) {
    if (listener.registry !== null) byStatus[listener.registry.status] += 1;
    const worst = worstFinding(listener);
    if (worst !== null) bySeverity[worst.severity] += 1;
    excepted += listener.findings.filter((finding) => finding.excepted !== null).length;
  }
  return {
    schema: 'portreeve/audit/v1',
    version: VERSION,
    host: { name: hostname(), os: osType(), kernel: release() },
    startedAt: startedAt.toISOString(),
    durationMs: endedAt.getTime() - startedAt.getTime(),
    registry: { source: registry.source, updated: registry.updated },
    policy: {
      files: policy.files,
      rules: policy.rules.length,
      exceptions: policy.exceptions.length,
      warnings: policy.warnings.map(({ position, message }) => `${position.file}:${position.line ?? 1}:${position.column ?? 1}: ${message}`),
    },
    coverage: coverageOf(reading.source, [...reading.gaps, ...policyGaps(policy, reading.source)], reading.owners),
    summary: { listeners: listeners.length, byStatus, bySeverity, excepted },
    listeners: [...listeners].sort(byConcern),
  };
}

/** Worst first; then by port, protocol and address, so that two audits of one host can be compared line by line. */
function byConcern(a: AuditedListener, b: AuditedListener): number {
  return rankOf(b) - rankOf(a) || (a.port ?? -1) - (b.port ?? -1) || compare(a.protocol, b.protocol) || compare(a.address, b.address) || compare(a.id, b.id);
}

function rankOf(listener: AuditedListener): number {
  const worst = worstFinding(listener);
  return worst === null ? -1 : severityRank(worst.severity);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
