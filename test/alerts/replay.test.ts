import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAlertBook } from '../../src/alerts/alert-book.ts';
import { worstFinding, type AuditedListener } from '../../src/model/audit.ts';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { aFinding, aListener, anOwner } from '../fixtures/audit-report.ts';
import { CONFIG, HOUR, MINUTE, NEW, SECOND, aHost, brief, fakeClock, netcat, ssh, type Host } from './fixture.ts';

const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

/**
 * What both must agree on. Where an alert waits for calm or for another port, the listener that left it is told with its
 * end: until then the log has it as there, and the first look corrects it. Owners that take turns are counted there.
 */
function essence(host: Host, areAllTold: boolean): unknown {
  const { alerts, places } = host.book.save();
  const open = alerts.map(({ id, key, severity, peak, isTold, openedAt, rules, owners }) => ({ id, key, severity, peak, isTold, openedAt, rules: [...rules].sort(), owners: areAllTold ? [...owners.marks].sort() : [] }));
  const listening = areAllTold ? places.filter(({ listener }) => listener.ephemeral === false).map(({ key, alert }) => ({ key, alert })) : [];
  return { open: open.sort(by('id')), listening: listening.sort(by('key')) };
}

const by = <Key extends string>(key: Key) => (one: Readonly<Record<Key, string>>, other: Readonly<Record<Key, string>>): number => (one[key] < other[key] ? -1 : 1);

const java = (port: number): AuditedListener =>
  aListener({ port, ephemeral: true, owners: [anOwner({ name: 'java', exe: '/usr/bin/java', startedAt: NEW })], findings: [aFinding({ rule: 'ephemeral-exposed', severity: 'notice' })] });

const EXES = ['/usr/bin/nc', '/tmp/nc', null];
const FINDINGS = [
  [],
  [aFinding()],
  [aFinding({ severity: 'critical', rule: 'deleted' }), aFinding()],
  [aFinding({ severity: 'notice', rule: 'mild' })],
  [aFinding({ excepted: { id: 'x', reason: 'r', expires: null } })],
];

/** What may listen: five ports, each with one of several owners and findings, or nothing. */
const aSight = fc.record({
  slots: fc.array(fc.option(fc.tuple(fc.nat(EXES.length - 1), fc.nat(FINDINGS.length - 1)), { nil: null, freq: 3 }), { minLength: 5, maxLength: 5 }),
  java: fc.subarray([40_001, 40_002, 40_003]),
});

function listenersOf({ slots, java: ports }: { readonly slots: readonly ([number, number] | null)[]; readonly java: readonly number[] }): readonly AuditedListener[] {
  const netcats = slots.flatMap((slot, index) => (slot === null ? [] : [netcat({ port: 1300 + index, findings: FINDINGS[slot[1]] ?? [], owners: [anOwner({ name: 'nc', exe: EXES[slot[0]] ?? null, startedAt: NEW })] })]));
  return [...netcats, ...ports.map(java)];
}

const aStep = fc.record({ sight: aSight, wait: fc.constantFrom(0, SECOND, 4 * SECOND, 20 * SECOND, 40 * SECOND, 5 * MINUTE, 30 * HOUR), saves: fc.boolean() });

/** No alert is opened while it is open, changed without a difference, or over twice; each that is open was opened. */
function checkLog(log: readonly PortreeveEvent[]): void {
  const open = new Map<string, PortreeveEvent>();
  const last = new Map<string, string>();
  for (const event of log) {
    if (event.alert === null || event.kind === 'listening' || event.kind === 'closed') continue;
    const { id } = event.alert;
    const said = JSON.stringify([event.kind, event.severity, event.listener, event.differences]);
    if (event.kind !== 'reminder') expect(said, 'said twice in a row').not.toBe(last.get(id));
    last.set(id, said);
    if (event.kind === 'opened') {
      const place = [...open.values()].find(({ listener }) => listener?.port === event.listener?.port && event.listener?.ephemeral === false);
      expect(place?.message, 'opened while it was open').toBeUndefined();
      open.set(id, event);
    } else {
      expect(open.has(id), `${event.kind} of what is not open`).toBe(true);
      if (event.kind === 'resolved') open.delete(id);
    }
  }
}

describe('the events after the saved state', () => {
  it('bring a book to where it was, after any history and at any point', () => {
    fc.assert(
      fc.property(fc.array(aStep, { minLength: 1, maxLength: 15 }), fc.boolean(), fc.boolean(), (steps, isStormy, flaps) => {
        const clock = fakeClock();
        const config = { ...(isStormy ? { storm: { alerts: 2, within: MINUTE } } : {}), ...(flaps ? {} : { flapping: { openings: 1000, within: MINUTE } }) };
        const host = aHost(config, clock);
        host.look([]);
        let saved = { book: host.book.save(), sequence: host.log.length };
        for (const { sight, wait, saves } of steps) {
          host.look(listenersOf(sight));
          host.wait(wait);
          if (saves) saved = { book: host.book.save(), sequence: host.log.length };
          const twin = aHost(config, clock);
          twin.restart(saved.book, host.log.slice(saved.sequence));
          expect(essence(twin, !flaps)).toEqual(essence(host, !flaps));
        }
        checkLog(host.log);
      }),
      RUNS,
    );
  });

  it('let no crash repeat an alert or swallow one', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ sight: aSight, wait: fc.constantFrom(0, SECOND, 4 * SECOND, 40 * SECOND), saves: fc.boolean(), crashes: fc.boolean() }), { minLength: 1, maxLength: 15 }), (steps) => {
        const host = aHost();
        host.look([]);
        let saved = { book: host.book.save(), sequence: host.log.length };
        for (const { sight, wait, saves, crashes } of steps) {
          host.look(listenersOf(sight));
          host.wait(wait);
          if (saves) saved = { book: host.book.save(), sequence: host.log.length };
          if (!crashes) continue;
          host.clock.pass(5 * SECOND);
          host.clock.boot();
          host.restart(saved.book, host.log.slice(saved.sequence));
          const before = host.log.length;
          host.look(listenersOf(sight));
          host.wait(0);
          const faulty = new Set(listenersOf(sight).filter((listener) => worstFinding(listener) !== null).map(({ port }) => port));
          const told = host.log.slice(before).filter(({ kind, audience, listener }) => audience === 'alert' && (kind === 'resolved' ? faulty.has(listener?.port ?? 0) : kind !== 'opened'));
          // Whoever was told of it hears nothing new of what is as it was. What had not settled may open now; what was only waiting for calm may be over.
          expect(told.map(brief)).toEqual([]);
        }
        host.wait(HOUR);
        checkLog(host.log);
        const open = host.book.openAlerts();
        for (const listener of steps.slice(-1).flatMap(({ sight }) => listenersOf(sight))) {
          const isAlert = worstFinding(listener) !== null;
          const isOpen = open.some(({ alert, listener: spoken }) => spoken.ephemeral === listener.ephemeral && (listener.ephemeral === true || spoken.port === listener.port) && host.log.some(({ kind, alert: opened }) => kind === 'opened' && opened?.id === alert.id));
          expect(isOpen).toBe(isAlert);
        }
      }),
      RUNS,
    );
  });

  it('keep quiet what was told of transients, exceptions and storms', () => {
    const host = aHost({ storm: { alerts: 1, within: HOUR } });
    host.look([]);
    const saved = host.book.save();
    const expired = [{ id: 'x', expires: '2026-11-01', daysLeft: -21, unusedDays: null, owner: null, file: 'a.yaml', line: 3 }];
    host.write(host.book.passed({ listener: netcat(), livedMs: 1, count: 1 }));
    host.write(host.book.passed({ listener: netcat({ port: 1303 }), livedMs: 1, count: 1 }));
    host.wait(0);
    expect(host.write(host.book.exceptions(expired))).toEqual(['exception! warning']);
    expect(host.log.map(brief)).toEqual(['transient! error 1302', 'transient error 1303', 'storm! error', 'exception! warning']);
    for (const [from, after] of [[saved, host.log], [host.book.save(), []]] as const) {
      host.restart(from, after);
      host.look([]);
      expect(host.book.passed({ listener: netcat(), livedMs: 1, count: 1 }).map(brief)).toEqual(['transient error 1302']);
      expect(host.book.exceptions(expired)).toEqual([]);
    }
  });

  it('are taken as a file may have them: what is no event of ours changes nothing', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat()]);
    host.wait(MINUTE);
    const event = host.log[0]!;
    const broken = [{ ...event, listener: { port: 'x' } }, { ...event, alert: null }, { ...event, time: 'never', kind: 'changed', detail: {} }, { ...event, kind: 'listening', listener: null }, { ...event, kind: 'exception', detail: { exception: 1 } }] as unknown as readonly PortreeveEvent[];
    host.restart(host.book.save(), broken);
    expect(host.look([netcat()])).toEqual([]);
    expect(host.book.openAlerts()).toHaveLength(1);
  });
});

describe('a restart of portreeve', () => {
  it('raises nothing, also on another boot, and goes on with what was open', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat(), ssh(), java(40_001)]);
    host.wait(MINUTE);
    const saved = host.book.save();
    host.clock.pass(5 * MINUTE);
    host.clock.boot();
    host.restart(saved);
    expect(host.book.elapse()).toEqual([]);
    expect(host.book.nextDue()).toBeNull();
    expect(host.look([netcat(), ssh()])).toEqual([]);
    host.look([netcat(), ssh(), java(40_007)]);
    expect(host.wait(HOUR).filter((told) => told.includes('!'))).toEqual([]);
    host.look([]);
    expect([...host.wait(HOUR)].sort()).toEqual(['closed info 22', 'resolved! error 1302', 'resolved! notice 40007']);
    expect(new Set(host.log.flatMap(({ alert }) => alert?.id ?? [])).size).toBe(2);
  });

  it('tells another owner who came in the meantime', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat()]);
    host.wait(MINUTE);
    host.restart();
    expect(host.look([netcat({ owners: [anOwner({ exe: '/tmp/nc' })] })])).toEqual(['changed! error 1302']);
  });

  it('gives a service time to come back that was gone before it', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat()]);
    host.wait(MINUTE);
    host.look([]);
    const saved = host.book.save();
    host.clock.pass(HOUR);
    host.restart(saved);
    expect(host.look([])).toEqual([]);
    host.wait(20 * SECOND);
    expect(host.look([netcat()])).toEqual([]);
  });
});

describe('the saved state', () => {
  it('holds no command line', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat({ owners: [anOwner({ commandLine: ['nc', '--password', 'secret'] })] })]);
    host.wait(MINUTE);
    expect(JSON.stringify(host.book.save())).not.toContain('secret');
  });

  it('that is damaged costs what is damaged, and says so', () => {
    const host = aHost();
    host.look([]);
    host.look([netcat(), netcat({ port: 1303 })]);
    host.wait(MINUTE);
    const saved = host.book.save();
    const book = createAlertBook({ config: CONFIG, clock: host.clock, saved: { ...saved, alerts: [saved.alerts[0], { ...saved.alerts[1], severity: 'purple' }] } });
    expect(book.faults).toEqual(['alerts[1].severity: expected one of info, notice, warning, error, critical, found "purple"']);
    expect(book.openAlerts()).toHaveLength(1);
    expect(book.observe({ listeners: [netcat(), netcat({ port: 1303 })], appeared: [], uncertain: () => false }).map(brief)).toEqual(['opened! error 1303']);
  });

  it.each([['text', 'a'], ['a list', []], ['a newer version', { version: 2, savedAt: NEW }], ['no time', { version: 1, savedAt: 'x' }], ['a prototype', JSON.parse('{"__proto__": {"version": 1}}') as unknown]])('that is %s is as none, and says so', (_what, saved) => {
    const book = createAlertBook({ config: CONFIG, clock: fakeClock(), saved });
    expect(book.faults.length).toBeGreaterThan(0);
    expect(book.observe({ listeners: [netcat({ findings: [aFinding({ severity: 'critical' })] })], appeared: [], uncertain: () => false })).toHaveLength(1);
  });

  it('survives anything', () => {
    const keys = ['version', 'savedAt', 'serial', 'alerts', 'places', 'openings', 'quiet', 'notices', 'key', 'ages'];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()), (value) => {
        const book = createAlertBook({ config: CONFIG, clock: fakeClock(), saved: { version: 1, savedAt: NEW, ...value } });
        book.observe({ listeners: [netcat()], appeared: [], uncertain: () => false });
        expect(book.tracked).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });
});
