import type { DaemonStatus, SinkStatus } from '../model/daemon.ts';

/** Something about the daemon that asks for a look. A `fault` makes it unhealthy; a `note` does not. */
export interface Trouble {
  readonly kind: 'fault' | 'note';
  readonly what: string;
  /** What to do about it. */
  readonly advice: string;
}

/** A receiver that is restarted, or a network that flaps, is away for less. Milliseconds. */
const SINK_PATIENCE = 300_000;
const START_PATIENCE = 60_000;
/** A look, or a sweep, that is so many intervals late, and at least a minute, does not come any more. */
const LATE_INTERVALS = 10;
const LEAST_LATE = 60_000;

/**
 * Whether the daemon does its work at a moment: it looks, it can write its events and send them, and what is in force is
 * what was last asked for. What it finds on the host, and what it cannot see there, is not its health.
 */
export function isHealthy(status: DaemonStatus, now: Date): boolean {
  return findTroubles(status, now).every(({ kind }) => kind !== 'fault');
}

/** What is wrong or worth knowing, faults first. */
export function findTroubles(status: DaemonStatus, now: Date): readonly Trouble[] {
  const troubles = [...scanTroubles(status, now), ...logTroubles(status), ...reloadTroubles(status), ...status.sinks.flatMap((sink) => sinkTroubles(sink, status, now)), ...notes(status)];
  return [...troubles.filter(({ kind }) => kind === 'fault'), ...troubles.filter(({ kind }) => kind === 'note')];
}

function scanTroubles({ state, startedAt, scan }: DaemonStatus, now: Date): Trouble[] {
  const age = (moment: string): number => now.getTime() - Date.parse(moment);
  const advice = 'journalctl -u portreeve tells why; systemctl restart portreeve starts it anew';
  if (state === 'stopping') return [];
  if (state === 'starting' && age(startedAt) < START_PATIENCE) return [];
  if (state === 'starting') return [{ kind: 'fault', what: 'it has been starting for more than a minute', advice }];
  const late = (name: string, lastAt: string | null, intervalMs: number): Trouble[] =>
    age(lastAt ?? startedAt) > Math.max(LATE_INTERVALS * intervalMs, LEAST_LATE) ? [{ kind: 'fault', what: `${name} is overdue`, advice }] : [];
  return [...late('the look at the sockets', scan.lastTickAt, scan.intervalMs), ...late('the sweep of owners', scan.lastSweepAt, scan.sweepMs)];
}

function logTroubles({ eventLog }: DaemonStatus): Trouble[] {
  if (eventLog.writable) return [];
  const reason = eventLog.error === null ? '' : `: ${eventLog.error}`;
  return [{ kind: 'fault', what: `the event log cannot be written${reason}`, advice: 'alerts are sent all the same, but kept in memory only, and forgotten at the next start: make room, or mend the disk' }];
}

function reloadTroubles({ lastReload }: DaemonStatus): Trouble[] {
  if (lastReload === null || lastReload.ok) return [];
  const [first = 'its log says why', ...others] = lastReload.problems;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return [{ kind: 'fault', what: `the last reload failed: ${first}${more}`, advice: 'what was in force before still is: mend it, then systemctl reload portreeve' }];
}

function sinkTroubles(sink: SinkStatus, { startedAt }: DaemonStatus, now: Date): Trouble[] {
  const troubles: Trouble[] = [];
  if (sink.error !== null) {
    const since = sink.failingSince ?? [startedAt, sink.lastSentAt ?? startedAt].sort().at(-1) ?? startedAt;
    const isLong = now.getTime() - Date.parse(since) > SINK_PATIENCE;
    const queue = `${sink.queued} queued; nothing is lost while the event log keeps it`;
    troubles.push({ kind: isLong ? 'fault' : 'note', what: `sink ${sink.name} fails: ${sink.error}`, advice: typeof sink.hint === 'string' ? `${sink.hint} (${queue})` : queue });
  }
  if (sink.lost > 0) troubles.push({ kind: 'note', what: `sink ${sink.name} has lost ${sink.lost} of its events since the start`, advice: 'the event log had to make room before they were sent: raise state.maxSize' });
  return troubles;
}

function notes({ coverage, registry, kernelEvents }: DaemonStatus): Trouble[] {
  const troubles: Trouble[] = [];
  if (coverage?.complete === false) troubles.push({ kind: 'note', what: 'it cannot see everything: no finding does not mean clean', advice: 'portreeve audit lists what is hidden; portreeve doctor, what mends it' });
  if (registry.stale) troubles.push({ kind: 'note', what: `the registry is ${registry.ageDays} days old`, advice: 'portreeve registry update brings a new one' });
  if (kernelEvents.lost > 0) troubles.push({ kind: 'note', what: `the kernel dropped ${kernelEvents.lost} of its events since the start`, advice: 'listeners that lived shorter than a look may be missing from the history' });
  return troubles;
}
