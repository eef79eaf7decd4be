import type { AuditReport } from './audit.ts';
import type { Coverage } from './coverage.ts';
import type { EventKind, PortreeveEvent } from './event.ts';
import type { AssignmentStatus } from './registry.ts';
import type { Severity } from './severity.ts';

/** Where the daemon takes the openings and closings of listeners from. */
export interface KernelEvents {
  /** `tracefs`: the kernel tells at once of TCP; `polling`: nothing does. */
  readonly mode: 'tracefs' | 'polling';
  /** Why it polls, or what the events do not cover. */
  readonly detail: string;
  /** Events that the kernel says it lost, since the start. */
  readonly lost: number;
}

export interface SinkStatus {
  readonly name: string;
  readonly type: string;
  /** Where it sends to, for a person: `tls://logs.example:6514`, `/dev/log`. No secrets. */
  readonly target: string;
  readonly state: 'idle' | 'sending' | 'waiting';
  /** Events still to be sent. */
  readonly queued: number;
  readonly sent: number;
  /** Events that had to be dropped before they were sent. */
  readonly lost: number;
  /** The last failure, and null again after the next success. */
  readonly error: string | null;
  /** What most often lies behind that failure. Absent or null: nothing general can be said. */
  readonly hint?: string | null;
  /** ISO 8601 of the first failure since the last success. Absent or null: it does not fail, or nobody noted when it began. */
  readonly failingSince?: string | null;
  /** ISO 8601 of the last success. */
  readonly lastSentAt: string | null;
}

/** Outcome of taking configuration, rules and registry anew. */
export interface ReloadOutcome {
  readonly at: string;
  readonly ok: boolean;
  /** What is wrong where it is not: the old ones are still in force. */
  readonly problems: readonly string[];
}

/** `portreeve/status/v1`: the daemon's health. Keys are only ever added. */
export interface DaemonStatus {
  readonly schema: 'portreeve/status/v1';
  readonly version: string;
  readonly pid: number;
  readonly host: string;
  readonly state: 'starting' | 'running' | 'stopping';
  readonly startedAt: string;
  readonly config: string | null;
  readonly listeners: { readonly total: number; readonly byStatus: Readonly<Record<AssignmentStatus, number>>; readonly bySeverity: Readonly<Record<Severity, number>>; readonly excepted: number };
  readonly alerts: { readonly open: number; readonly bySeverity: Readonly<Record<Severity, number>> };
  readonly scan: {
    readonly intervalMs: number;
    readonly sweepMs: number;
    /** Looks at the sockets, and those that found something new. */
    readonly ticks: number;
    readonly changes: number;
    readonly lastTickAt: string | null;
    readonly lastTickMs: number | null;
    readonly lastSweepAt: string | null;
    readonly lastSweepMs: number | null;
  };
  readonly kernelEvents: KernelEvents;
  readonly coverage: Coverage | null;
  readonly registry: { readonly source: string; readonly updated: string; readonly ageDays: number; readonly stale: boolean };
  readonly policy: { readonly files: readonly string[]; readonly rules: number; readonly exceptions: number; readonly loadedAt: string };
  readonly lastReload: ReloadOutcome | null;
  readonly eventLog: { readonly oldest: number; readonly newest: number; readonly bytes: number; readonly writable: boolean; readonly error: string | null };
  readonly sinks: readonly SinkStatus[];
  readonly memory: { readonly residentBytes: number };
}

/** What `history` asks for: all of it must fit. */
export interface HistoryQuery {
  readonly port: number | null;
  readonly protocol: string | null;
  /** A part of an executable's path, a process name, a user or a unit. */
  readonly owner: string | null;
  readonly kinds: readonly EventKind[] | null;
  readonly minSeverity: Severity | null;
  /** ISO 8601. */
  readonly since: string | null;
  readonly until: string | null;
  /** The newest so many. */
  readonly limit: number;
}

/** The latest audit of the daemon, and how old it is. */
export interface LatestAudit {
  readonly report: AuditReport;
  readonly ageMs: number;
}

/** One line from client to daemon, JSON: `{"request": "status"}`. */
export type ControlRequest =
  | { readonly request: 'status' }
  | { readonly request: 'audit' }
  | { readonly request: 'history'; readonly query: HistoryQuery }
  | { readonly request: 'watch'; readonly kinds: readonly EventKind[] | null };

/** Lines from daemon to client, JSON. `history` and `watch` answer with many, and `history` ends with `end`. */
export type ControlAnswer =
  | { readonly answer: 'status'; readonly status: DaemonStatus }
  | { readonly answer: 'audit'; readonly latest: LatestAudit | null }
  /** To a watcher, first: whatever happens from now on is told. */
  | { readonly answer: 'watching' }
  | { readonly answer: 'event'; readonly event: PortreeveEvent }
  | { readonly answer: 'end'; readonly count: number }
  /** To a watcher who does not read fast enough: events passed over. */
  | { readonly answer: 'missed'; readonly count: number }
  | { readonly answer: 'error'; readonly message: string };
