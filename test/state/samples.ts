import fc from 'fast-check';
import { join } from 'node:path';
import type { Clock } from '../../src/model/clock.ts';
import { EVENT_KINDS, type EventDraft } from '../../src/model/event.ts';
import type { LogFields, Logger } from '../../src/model/logger.ts';
import { SEVERITIES } from '../../src/model/severity.ts';
import { openEventLog, type EventLog, type EventLogOptions } from '../../src/state/event-log.ts';
import { aFinding, aListener, anOwner } from '../fixtures/audit-report.ts';

export const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

export interface HandClock extends Clock {
  /** Both clocks. */
  pass(ms: number): void;
  /** The wall's alone. */
  setBack(ms: number): void;
}

export function aClock(start = '2026-11-22T07:47:56.000Z'): HandClock {
  let wall = Date.parse(start);
  let steady = 0;
  return {
    now: () => new Date(wall),
    steady: () => steady,
    pass(ms) {
      wall += ms;
      steady += ms;
    },
    setBack(ms) {
      wall -= ms;
    },
  };
}

export interface HeardLogger extends Logger {
  readonly heard: readonly (readonly [level: string, message: string, fields: LogFields])[];
}

export function aLogger(): HeardLogger {
  const heard: [string, string, LogFields][] = [];
  const hear = (level: string) => (message: string, fields: LogFields = {}) => void heard.push([level, message, fields]);
  return { heard, debug: hear('debug'), info: hear('info'), warning: hear('warning'), error: hear('error') };
}

export function aDraft(partial: Partial<EventDraft> = {}): EventDraft {
  return {
    kind: 'opened',
    audience: 'alert',
    severity: 'error',
    message: 'tcp *:1302 opened by nc[4711] (/usr/bin/nc.openbsd, user root)',
    alert: { id: 'host/tcp/*/1302', openedAt: '2026-11-22T07:47:56.000Z', openings: 1, resolution: null },
    listener: aListener({ port: 1302, owners: [anOwner({ pid: 4711, name: 'nc', exe: '/usr/bin/nc.openbsd', unit: 'session-3.scope' })], findings: [aFinding()] }),
    differences: [],
    detail: {},
    ...partial,
  };
}

export function drafts(count: number): readonly EventDraft[] {
  return Array.from({ length: count }, (_, index) => aDraft({ detail: { count: index } }));
}

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '\n', '\x1b[2J', '"]\\', '\u2028', '\ud800', '🚀', '{"schema":"portreeve/event/v2"}'));

export const anyDraft: fc.Arbitrary<EventDraft> = fc
  .record({
    kind: fc.constantFrom(...EVENT_KINDS),
    audience: fc.constantFrom('alert', 'record'),
    severity: fc.constantFrom(...SEVERITIES),
    message: text,
    name: fc.option(text, { nil: null }),
    detail: fc.dictionary(fc.constantFrom('count', 'livedMs', 'exception', '__proto__', 'constructor'), fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null)), { noNullPrototype: true }),
  })
  .map(({ name, ...draft }): EventDraft => aDraft({ ...draft, listener: name === null ? null : aListener({ socketUser: name, owners: [anOwner({ name, exe: name, commandLine: [name, name] })] }) }));

const MIB = 1 << 20;
const DAY_MS = 86_400_000;

export function openLog(folder: string, partial: Partial<EventLogOptions> = {}): Promise<EventLog> {
  return openEventLog({ folder: join(folder, 'events'), maxBytes: 64 * MIB, maxAgeMs: 90 * DAY_MS, host: 'web1', clock: aClock(), logger: aLogger(), ...partial });
}

/** All that can be read, in batches. */
export async function readAll(log: Pick<EventLog, 'readAfter'>, after = 0, limit = 100): ReturnType<EventLog['readAfter']> {
  const events = [];
  for (let at = after; ; ) {
    const batch = await log.readAfter(at, limit);
    events.push(...batch);
    const last = batch.at(-1);
    if (last === undefined) return events;
    at = last.sequence;
  }
}
