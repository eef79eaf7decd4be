import type { AuditReport } from '../model/audit.ts';
import { GAP_CODES } from '../model/coverage.ts';
import type { DaemonStatus } from '../model/daemon.ts';
import { BIND_SCOPES } from '../model/listener.ts';
import { ASSIGNMENT_STATUSES } from '../model/registry.ts';
import { SEVERITIES } from '../model/severity.ts';
import { PROTOCOLS } from '../model/socket.ts';
import { describeListeners } from './prometheus-listeners.ts';
import { renderFamilies, type Family, type Sample } from './prometheus-text.ts';

const SECONDS_PER_DAY = 86_400;
const MS_PER_SECOND = 1000;

/**
 * The daemon's metrics in Prometheus's text format (version 0.0.4), for node_exporter's textfile collector: no
 * timestamps, each name once, with HELP and TYPE. What is not known yet is left out rather than shown as 0.
 */
export function renderMetrics(status: DaemonStatus, audit: AuditReport | null): string {
  return renderFamilies([
    ...agentFamilies(status),
    ...listenerFamilies(status, audit),
    ...scanFamilies(status),
    ...policyFamilies(status),
    ...eventFamilies(status),
    ...sinkFamilies(status),
    ...(audit === null ? [] : describeListeners(audit.listeners)),
  ]);
}

const one = (value: number, labels: Sample['labels'] = {}): readonly Sample[] => [{ labels, value }];
const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({ name, help, type: 'gauge', samples });
const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({ name, help, type: 'counter', samples });
const by = <Word extends string>(label: string, words: readonly Word[], valueOf: (word: Word) => number): readonly Sample[] => words.map((word) => ({ labels: { [label]: word }, value: valueOf(word) }));
const flagged = (flag: boolean): number => (flag ? 1 : 0);
const momentOf = (moment: string | null, labels: Sample['labels'] = {}): readonly Sample[] => (moment === null ? [] : one(Date.parse(moment) / MS_PER_SECOND, labels));

function agentFamilies({ version, state, startedAt, memory }: DaemonStatus): readonly Family[] {
  return [
    gauge('portreeve_build_info', 'Version of the agent, as a label; the value is always 1.', one(1, { version })),
    gauge('portreeve_state', '1 for the state that the agent is in, 0 for the others.', by('state', ['starting', 'running', 'stopping'], (word) => flagged(word === state))),
    gauge('portreeve_start_time_seconds', 'When the agent started, in seconds since the epoch.', momentOf(startedAt)),
    gauge('portreeve_resident_memory_bytes', 'Resident memory of the agent.', one(memory.residentBytes)),
  ];
}

function listenerFamilies({ listeners, alerts, coverage }: DaemonStatus, audit: AuditReport | null): readonly Family[] {
  const { total, byStatus, bySeverity, excepted } = listeners;
  const isKnown = coverage !== null;
  const withPort = ASSIGNMENT_STATUSES.reduce((sum, status) => sum + byStatus[status], 0);
  return [
    gauge('portreeve_listeners', 'Listeners by what the IANA registry says of their port; none for raw sockets, which have no port.', [
      ...by('status', isKnown ? ASSIGNMENT_STATUSES : [], (status) => byStatus[status]),
      ...(isKnown ? one(Math.max(total - withPort, 0), { status: 'none' }) : []),
    ]),
    gauge('portreeve_bound_listeners', 'Listeners by protocol and by what their bind address admits.', audit === null ? [] : countBound(audit)),
    gauge('portreeve_flagged_listeners', 'Listeners by the severity of their worst finding that no exception silences.', by('severity', isKnown ? SEVERITIES : [], (severity) => bySeverity[severity])),
    gauge('portreeve_excepted_findings', 'Findings that an exception silences.', isKnown ? one(excepted) : []),
    gauge('portreeve_open_alerts', 'Alerts that are open, by severity.', by('severity', SEVERITIES, (severity) => alerts.bySeverity[severity])),
  ];
}

/** TCP and UDP in every scope, for an alert on a number that was never 0 is easily written wrong; the rest where there is any. */
function countBound({ listeners }: AuditReport): readonly Sample[] {
  const counts = new Map<string, number>();
  for (const { protocol, scope } of listeners) counts.set(`${protocol} ${scope}`, (counts.get(`${protocol} ${scope}`) ?? 0) + 1);
  return PROTOCOLS.flatMap((protocol) =>
    BIND_SCOPES.map((scope) => ({ labels: { protocol, scope }, value: counts.get(`${protocol} ${scope}`) ?? 0 })).filter(({ value }) => value > 0 || protocol === 'tcp' || protocol === 'udp'),
  );
}

function scanFamilies({ scan, coverage, kernelEvents }: DaemonStatus): readonly Family[] {
  const seconds = (kind: string, ms: number | null): readonly Sample[] => (ms === null ? [] : one(ms / MS_PER_SECOND, { scan: kind }));
  const gaps = coverage === null ? [] : by('code', GAP_CODES, (code) => coverage.gaps.reduce((sum, gap) => sum + (gap.code === code ? gap.count : 0), 0));
  return [
    gauge('portreeve_scan_duration_seconds', 'How long the last scan took: a tick looks at the sockets, a sweep at everything.', [...seconds('tick', scan.lastTickMs), ...seconds('sweep', scan.lastSweepMs)]),
    gauge('portreeve_scan_timestamp_seconds', 'When the last scan was, in seconds since the epoch.', [...momentOf(scan.lastTickAt, { scan: 'tick' }), ...momentOf(scan.lastSweepAt, { scan: 'sweep' })]),
    gauge('portreeve_scan_interval_seconds', 'Time between two scans.', [...seconds('tick', scan.intervalMs), ...seconds('sweep', scan.sweepMs)]),
    counter('portreeve_ticks_total', 'Looks at the sockets since the start.', one(scan.ticks)),
    counter('portreeve_changes_total', 'Looks that found something new since the start.', one(scan.changes)),
    gauge('portreeve_coverage_complete', '1 where no gap may hide a listener or an owner: only then the absence of findings means clean.', coverage === null ? [] : one(flagged(coverage.complete))),
    gauge('portreeve_coverage_gaps', 'Things that the last sweep could not see, by kind of gap.', gaps),
    gauge('portreeve_kernel_events', '1 for where openings are learnt from, 0 for the other.', by('mode', ['tracefs', 'polling'], (mode) => flagged(mode === kernelEvents.mode))),
    counter('portreeve_kernel_events_lost_total', 'Events that the kernel dropped before they were read, since the start.', one(kernelEvents.lost)),
  ];
}

function policyFamilies({ registry, policy, lastReload }: DaemonStatus): readonly Family[] {
  return [
    gauge('portreeve_registry_info', 'Date of the port registry in force, as a label; the value is always 1.', one(1, { updated: registry.updated })),
    gauge('portreeve_registry_age_seconds', 'Age of the port registry in force, in whole days.', one(registry.ageDays * SECONDS_PER_DAY)),
    gauge('portreeve_registry_stale', '1 where the registry is older than registry.maxAge.', one(flagged(registry.stale))),
    gauge('portreeve_policy_rules', 'Rules in force.', one(policy.rules)),
    gauge('portreeve_policy_exceptions', 'Exceptions in force.', one(policy.exceptions)),
    gauge('portreeve_policy_load_timestamp_seconds', 'When the policy in force was loaded, in seconds since the epoch.', momentOf(policy.loadedAt)),
    // Before any reload, what the start loaded counts: an alert on a failed reload needs a value from the beginning.
    gauge('portreeve_config_last_reload_successful', '1 where the last reload was taken, or there was none; 0 where the old configuration stays in force.', one(flagged(lastReload?.ok !== false))),
    gauge('portreeve_config_last_reload_timestamp_seconds', 'When configuration, rules and registry were last taken anew or refused, in seconds since the epoch.', momentOf(lastReload?.at ?? null)),
  ];
}

function eventFamilies({ eventLog }: DaemonStatus): readonly Family[] {
  return [
    counter('portreeve_events_total', 'Events ever written to the event log of this host: the sequence of the newest.', one(eventLog.newest)),
    gauge('portreeve_event_log_bytes', 'Size of the event log.', one(eventLog.bytes)),
    gauge('portreeve_event_log_writable', '1 where events can be written; 0 where memory alone has them.', one(flagged(eventLog.writable))),
  ];
}

function sinkFamilies({ sinks }: DaemonStatus): readonly Family[] {
  const each = (valueOf: (sink: DaemonStatus['sinks'][number]) => number): readonly Sample[] => sinks.map((sink) => ({ labels: { sink: sink.name, type: sink.type }, value: valueOf(sink) }));
  return [
    gauge('portreeve_sink_queued_events', 'Events that a sink has still to send.', each(({ queued }) => queued)),
    counter('portreeve_sink_sent_events_total', 'Events that a sink has sent since the start.', each(({ sent }) => sent)),
    counter('portreeve_sink_lost_events_total', 'Events that were dropped before a sink had sent them, since the start.', each(({ lost }) => lost)),
    gauge('portreeve_sink_failing', '1 where the last attempt to send failed.', each(({ error }) => flagged(error !== null))),
    gauge('portreeve_sink_last_success_timestamp_seconds', 'When a sink last sent something, in seconds since the epoch.', sinks.flatMap(({ name, type, lastSentAt }) => momentOf(lastSentAt, { sink: name, type }))),
  ];
}
