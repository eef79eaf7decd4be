import type { Clock } from '../../src/model/clock.ts';
import type { SyslogSinkConfig } from '../../src/model/config.ts';
import type { CursorStore, EventDraft, EventReader, PortreeveEvent, SinkCursor } from '../../src/model/event.ts';
import type { LogFields, Logger } from '../../src/model/logger.ts';
import type { Timers } from '../../src/sinks/timers.ts';
import { aFinding, aListener, anOwner, facts } from '../fixtures/audit-report.ts';

/** A clock and timers that move only when they are told to. */
export interface FakeTime extends Clock, Timers {
  /** Lets so many milliseconds pass, timer by timer, and what hangs on them happen. */
  pass(milliseconds: number): Promise<void>;
}

/** Lets everything happen that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function fakeTime(): FakeTime {
  let now = 0;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    now: () => new Date(Date.UTC(2026, 10, 22) + now),
    steady: () => now,
    after(delay, callback) {
      const timer = { at: now + delay, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    async pass(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const [next] = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
        if (next === undefined) break;
        timers = timers.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.callback();
        await settle();
      }
      now = end;
    },
  };
}

export interface FakeLog extends EventReader {
  readonly events: readonly PortreeveEvent[];
  append(...drafts: readonly Partial<PortreeveEvent>[]): void;
  /** The oldest leave the log, up to this sequence. */
  drop(upTo: number): void;
}

export function fakeLog(count = 0): FakeLog {
  let events: PortreeveEvent[] = [];
  let newest = 0;
  let oldest = 1;
  const log: FakeLog = {
    get events() {
      return events;
    },
    get newest() {
      return newest;
    },
    get oldest() {
      return oldest;
    },
    readAfter: (sequence, limit) => Promise.resolve(events.filter((event) => event.sequence > sequence).slice(0, limit)),
    append(...drafts) {
      for (const draft of drafts) events.push(anEvent({ ...draft, sequence: ++newest }));
    },
    drop(upTo) {
      events = events.filter(({ sequence }) => sequence > upTo);
      oldest = Math.max(oldest, upTo + 1);
    },
  };
  for (let made = 0; made < count; made++) log.append({});
  return log;
}

export interface FakeCursors extends CursorStore {
  readonly saved: ReadonlyMap<string, SinkCursor>;
}

export function fakeCursors(start: Readonly<Record<string, SinkCursor>> = {}): FakeCursors {
  const saved = new Map(Object.entries(start));
  return { saved, load: (sink) => saved.get(sink) ?? null, save: (sink, cursor) => {
    saved.set(sink, cursor);
    return Promise.resolve();
  } };
}

export interface FakeLogger extends Logger {
  readonly lines: readonly { readonly level: string; readonly message: string; readonly fields: LogFields }[];
}

export function fakeLogger(): FakeLogger {
  const lines: { level: string; message: string; fields: LogFields }[] = [];
  const at = (level: string) => (message: string, fields: LogFields = {}): void => void lines.push({ level, message, fields });
  return { lines, debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

export function anEvent(partial: Partial<PortreeveEvent> = {}): PortreeveEvent {
  const sequence = partial.sequence ?? 7;
  return {
    schema: 'portreeve/event/v1',
    id: `01KAMZ0000000000000000${String(sequence).padStart(4, '0')}`,
    sequence,
    time: '2026-11-22T04:53:57.123Z',
    host: 'web1.example',
    kind: 'opened',
    audience: 'alert',
    severity: 'error',
    message: 'Listener on a de-assigned port, reachable from other hosts: tcp 0.0.0.0:1302 (/opt/licd/bin/licd, licd.service)',
    alert: { id: 'a1b2c3', openedAt: '2026-11-22T04:53:57.000Z', openings: 1, resolution: null },
    listener: aListener({
      port: 1302,
      registry: facts({ status: 'de-assigned', range: 'user', service: null, since: '2019-10-30', former: 'ci3-software-2' }),
      owners: [anOwner({ pid: 4711, name: 'licd', exe: '/opt/licd/bin/licd', uid: 998, user: 'licd', unit: 'licd.service', commandLine: ['/opt/licd/bin/licd', '-p', '1302'] })],
      findings: [aFinding(), aFinding({ rule: 'unpackaged-executable', severity: 'notice' })],
    }),
    differences: [],
    detail: {},
    ...partial,
  };
}

export function aDraft(event: PortreeveEvent = anEvent()): EventDraft {
  const { kind, audience, severity, message, alert, listener, differences, detail } = event;
  return { kind, audience, severity, message, alert, listener, differences, detail };
}

export function aSyslogSink(partial: Partial<SyslogSinkConfig> = {}): SyslogSinkConfig {
  return {
    type: 'syslog',
    name: 'central',
    minSeverity: 'info',
    kinds: null,
    transport: 'tcp',
    path: '/dev/log',
    host: '127.0.0.1',
    port: 514,
    format: 'rfc5424',
    framing: 'octet-counting',
    facility: 'daemon',
    enterprise: 32473,
    maxLength: null,
    dialect: 'portreeve',
    tls: { caFile: null, certFile: null, keyFile: null, serverName: null },
    resend: 10_000,
    ...partial,
  };
}
