import { hostname } from 'node:os';
import type { AuditReport } from '../model/audit.ts';
import type { DaemonStatus } from '../model/daemon.ts';
import type { PortRegistry } from '../model/registry.ts';
import { VERSION } from '../model/version.ts';
import type { Inputs } from './inputs.ts';

/** What the loop counts. */
export interface ScanCounters {
  ticks: number;
  changes: number;
  lastTickAt: Date | null;
  lastTickMs: number | null;
  lastSweepAt: Date | null;
  lastSweepMs: number | null;
}

export interface StatusParts extends Pick<DaemonStatus, 'state' | 'alerts' | 'kernelEvents' | 'lastReload' | 'eventLog' | 'sinks'> {
  readonly startedAt: Date;
  readonly now: Date;
  readonly configFile: string | null;
  readonly scan: ScanCounters & { readonly intervalMs: number; readonly sweepMs: number };
  readonly inputs: Inputs;
  readonly maxRegistryAgeMs: number;
  /** Null before the first sweep. */
  readonly audit: AuditReport | null;
}

const MS_PER_DAY = 86_400_000;

export function composeStatus({ startedAt, now, configFile, scan, inputs, maxRegistryAgeMs, audit, ...parts }: StatusParts): DaemonStatus {
  const { intervalMs, sweepMs, ticks, changes, lastTickMs, lastSweepMs } = scan;
  const summary = audit?.summary;
  return {
    schema: 'portreeve/status/v1',
    version: VERSION,
    pid: process.pid,
    host: hostname(),
    state: parts.state,
    startedAt: startedAt.toISOString(),
    config: configFile,
    listeners: {
      total: summary?.listeners ?? 0,
      byStatus: summary?.byStatus ?? { 'assigned': 0, 'unassigned': 0, 'reserved': 0, 'de-assigned': 0, 'dynamic': 0 },
      bySeverity: summary?.bySeverity ?? { info: 0, notice: 0, warning: 0, error: 0, critical: 0 },
      excepted: summary?.excepted ?? 0,
    },
    alerts: parts.alerts,
    scan: { intervalMs, sweepMs, ticks, changes, lastTickAt: scan.lastTickAt?.toISOString() ?? null, lastTickMs, lastSweepAt: scan.lastSweepAt?.toISOString() ?? null, lastSweepMs },
    kernelEvents: parts.kernelEvents,
    coverage: audit?.coverage ?? null,
    registry: describeRegistry(inputs.registry, now, maxRegistryAgeMs),
    policy: { files: inputs.policy.files, rules: inputs.policy.rules.length, exceptions: inputs.policy.exceptions.length, loadedAt: inputs.loadedAt },
    lastReload: parts.lastReload,
    eventLog: parts.eventLog,
    sinks: parts.sinks,
    memory: { residentBytes: residentBytes() },
  };
}

/** The most there ever was, where no more files can be opened: what there is now stands in /proc/self/stat. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss();
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

function describeRegistry({ source, updated }: PortRegistry, now: Date, maxAgeMs: number): DaemonStatus['registry'] {
  const ageMs = now.getTime() - Date.parse(updated);
  return { source, updated, ageDays: Math.floor(ageMs / MS_PER_DAY), stale: ageMs > maxAgeMs };
}

/** The STATUS line of systemd: `23 listeners, 1 warning`. */
export function statusLine(summary: AuditReport['summary'] | null): string {
  if (summary === null) return 'taking a first look';
  const worrying = (['critical', 'error', 'warning'] as const).filter((severity) => summary.bySeverity[severity] > 0).map((severity) => count(summary.bySeverity[severity], severity));
  return [count(summary.listeners, 'listener'), ...(worrying.length === 0 ? ['nothing to report'] : worrying)].join(', ');
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 || what === 'critical' ? '' : 's'}`;
}
