import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuditedListener } from '../../src/model/audit.ts';
import { SEVERITIES } from '../../src/model/severity.ts';
import { aFinding, aListener, anOwner } from '../fixtures/audit-report.ts';
import { CONFIG, HOUR, MINUTE, NEW, SECOND, aHost, netcat, ssh, type Host } from './fixture.ts';

const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

const client = (port: number, partial: Partial<AuditedListener> = {}): AuditedListener =>
  aListener({ port, protocol: 'udp', ephemeral: true, owners: [anOwner({ name: 'unbound', exe: '/usr/sbin/unbound', startedAt: NEW })], findings: [aFinding({ rule: 'ephemeral-udp', severity: 'info' })], ...partial });

const started = (config: Parameters<typeof aHost>[0] = {}): Host => {
  const host = aHost(config);
  host.look([]);
  return host;
};

describe('a listener that closes before it has settled', () => {
  it('alerts at once where its finding is grave', () => {
    const host = started();
    host.look([netcat()]);
    host.clock.pass(2 * SECOND);
    expect(host.look([])).toEqual(['transient! error 1302']);
    expect(host.log[0]).toMatchObject({ detail: { count: 1, livedMs: 2000, reason: 'grave' }, alert: null });
    expect(host.write(host.book.passed({ listener: netcat({ port: 1303 }), livedMs: 0.02, count: 1 }))).toEqual(['transient! error 1303']);
  });

  it('alerts once in the time, and is counted then; a graver one alerts', () => {
    const host = started();
    const pass = (partial: Partial<AuditedListener> = {}) => host.write(host.book.passed({ listener: netcat(partial), livedMs: 1, count: 1 }));
    expect(pass()).toEqual(['transient! error 1302']);
    expect(pass()).toEqual(['transient error 1302']);
    for (let i = 0; i < 99; i++) expect(pass()).toEqual([]);
    expect(pass({ findings: [aFinding({ severity: 'critical' })] })).toEqual(['transient! critical 1302 x100']);
    expect(host.wait(HOUR)).toEqual([]);
    expect(pass()).toEqual(['transient! error 1302']);
  });

  it('alerts where one program does it again and again, on any port, and is quiet then', () => {
    const host = started();
    const mild = (port: number, partial: Partial<AuditedListener> = {}) => host.write(host.book.passed({ listener: netcat({ port, findings: [aFinding({ severity: 'notice' })], ...partial }), livedMs: 1, count: 1 }));
    expect([1, 2, 3, 4].map((port) => mild(port)[0])).toEqual(['transient notice 1', 'transient notice 2', 'transient! notice 3', 'transient notice 4']);
    expect(host.log[2]?.detail).toEqual({ count: 1, livedMs: 1, reason: 'repeated', total: 3 });
    expect(mild(5, { owners: [anOwner({ exe: '/bin/other' })] })).toEqual(['transient notice 5']);
  });

  it('alerts for no finding, for none that stands, and for no client of the ephemeral range', () => {
    const host = started({ transient: { ...CONFIG.transient, repeats: 1 } });
    for (const listener of [ssh(), netcat({ findings: [aFinding({ excepted: { id: 'x', reason: 'r', expires: null } })] }), client(40_000)]) {
      expect(host.write(host.book.passed({ listener, livedMs: 1, count: 5 }))).toEqual([`transient info ${listener.port} x5`]);
    }
    expect(aHost({ transient: { ...CONFIG.transient, severity: 'never' } }).book.passed({ listener: netcat(), livedMs: 1, count: 1 })[0]?.audience).toBe('record');
  });

  it('is counted with the alert that is open for it', () => {
    const host = started();
    host.look([netcat()]);
    host.wait(MINUTE);
    host.look([]);
    expect(host.write(host.book.passed({ listener: netcat(), livedMs: 1, count: 3 }))).toEqual(['transient error 1302 x3']);
    // As a kernel's event has it: without namespace, and without a process that had left by then.
    const heard = netcat({ netns: { inode: null, name: null }, owners: [], ownerKind: 'unknown', ownerNote: { code: 'process-left', detail: '' } });
    expect(host.write(host.book.passed({ listener: heard, livedMs: 1, count: 1 })).map((told) => told.includes('!'))).toEqual([false]);
    host.wait(HOUR);
    expect(host.log.find(({ kind }) => kind === 'resolved')?.alert?.openings).toBe(5);
  });

  it('costs a resolver with thousands of sockets a handful of lines', () => {
    const host = started();
    for (let i = 0; i < 6000; i++) {
      host.look([client(32_768 + i)]);
      host.wait(SECOND);
    }
    host.look([]);
    host.write(host.book.close());
    expect(host.log.length).toBeLessThan(15);
    expect(host.log.reduce((sum, { detail }) => sum + Number(detail['count']), 0)).toBe(6000);
    expect(host.log.every(({ kind, audience }) => kind === 'transient' && audience === 'record')).toBe(true);
  });

  it('is never dropped: the counts of alerts and records add up, whatever comes', () => {
    const passing = fc.record({
      port: fc.integer({ min: 1, max: 4 }),
      exe: fc.constantFrom('/bin/a', '/bin/b', null),
      severity: fc.option(fc.constantFrom(...SEVERITIES), { nil: null }),
      ephemeral: fc.boolean(),
      protocol: fc.constantFrom('tcp' as const, 'udp' as const),
      count: fc.integer({ min: 1, max: 5 }),
      wait: fc.constantFrom(0, 1, SECOND, 11 * MINUTE, 2 * HOUR),
    });
    fc.assert(
      fc.property(fc.array(passing, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (passings, alerts) => {
        const host = started({ storm: { alerts, within: MINUTE } });
        for (const { port, exe, severity, ephemeral, protocol, count, wait } of passings) {
          host.write(host.book.passed({ listener: netcat({ port, protocol, ephemeral, owners: [anOwner({ exe })], findings: severity === null ? [] : [aFinding({ severity })] }), livedMs: null, count }));
          host.wait(wait);
        }
        host.write(host.book.close());
        const told = host.log.filter(({ kind }) => kind === 'transient').reduce((sum, { detail }) => sum + Number(detail['count']), 0);
        expect(told).toBe(passings.reduce((sum, { count }) => sum + count, 0));
      }),
      RUNS,
    );
  });
});

describe('UDP sockets of the ephemeral range', () => {
  it('have longer to settle, and are one alert for each owner', () => {
    const host = started();
    host.look([client(40_000), client(40_001)]);
    expect(host.wait(59_999)).toEqual([]);
    expect(host.wait(1)).toEqual(['opened! info 40000', 'listening info 40001']);
  });

  it('are recorded by number where nothing is wrong with them', () => {
    const host = started();
    const sockets = Array.from({ length: 500 }, (_, index) => client(32_768 + index, { findings: [] }));
    host.look(sockets);
    host.wait(2 * MINUTE);
    host.look([]);
    host.wait(HOUR);
    expect(host.log.map(({ kind, detail }) => `${kind} ${detail['count']}`)).toEqual(['listening 1', 'closed 1', 'listening 499', 'closed 499']);
  });
});

describe('a listener that comes and goes', () => {
  /** Open for ten seconds, gone for a minute. */
  function flap(host: Host, times: number, listener = netcat()): void {
    for (let i = 0; i < times; i++) {
      host.look([listener]);
      host.wait(10 * SECOND);
      host.look([]);
      host.wait(MINUTE);
    }
  }

  it('becomes one alert that counts, and is over when it is calm', () => {
    const host = started();
    flap(host, 4);
    expect(host.log.map(({ kind }) => kind)).toEqual(Array.from({ length: 4 }, () => ['opened', 'resolved']).flat());
    flap(host, 96);
    expect(host.log.slice(8).map(({ kind }) => kind)).toEqual(['opened']);
    expect(host.log.at(-1)).toMatchObject({ detail: { flapping: true }, alert: { openings: 5 } });
    expect(host.log.at(-1)?.message).toContain('keeps opening and closing (5 times within 10 min)');
    expect(host.book.openAlerts()).toMatchObject([{ isFlapping: true, alert: { openings: 100 } }]);
    expect(host.wait(HOUR)).toEqual(['resolved! error 1302']);
    flap(host, 1);
    expect(host.log.slice(-2).map(({ kind, alert }) => `${kind} ${alert?.openings}`)).toEqual(['opened 1', 'resolved 1']);
  });

  it('cannot hide another owner behind that, while two that take turns are told for a while only', () => {
    const host = started();
    const [one, other, third] = ['/bin/a', '/bin/b', '/tmp/c'].map((exe) => netcat({ owners: [anOwner({ exe, startedAt: NEW })] })) as [AuditedListener, AuditedListener, AuditedListener];
    host.look([one]);
    host.wait(MINUTE);
    for (let i = 0; i < 50; i++) {
      host.look([i % 2 === 0 ? other : one]);
      host.wait(SECOND);
    }
    const told = (audience: string) => host.log.filter((event) => event.audience === audience).map(({ kind }) => kind);
    expect(told('alert')).toEqual(['opened', 'changed', 'changed', 'changed', 'changed']);
    expect(told('record')).toEqual(['changed', 'changed']);
    expect(host.look([third])).toEqual(['changed! error 1302']);
  });

  it('is not heard of again and again because a rule is now true and now not', () => {
    const host = started();
    host.look([netcat()]);
    host.wait(MINUTE);
    for (let i = 0; i < 100; i++) {
      host.look([netcat({ findings: i % 2 === 0 ? [] : [aFinding()] })]);
      host.wait(SECOND);
    }
    expect(host.log.filter(({ kind }) => kind === 'opened')).toHaveLength(5);
    expect(host.log.filter(({ kind }) => kind === 'resolved')).toHaveLength(4);
  });
});

describe('a storm', () => {
  const many = (from: number, count: number, severity: 'warning' | 'critical' = 'warning', exe = '/usr/bin/python3'): readonly AuditedListener[] =>
    Array.from({ length: count }, (_, index) => netcat({ port: from + index, owners: [anOwner({ name: 'python3', exe, startedAt: NEW })], findings: [aFinding({ rule: 'unassigned-exposed', severity })] }));

  it('is a bounded number of alerts and one that says how many; all are open, and in the history', () => {
    const host = started();
    host.look(many(1, 1000));
    const told = host.wait(MINUTE);
    expect(told.filter((each) => each === 'storm! warning x950')).toHaveLength(1);
    expect(told.filter((each) => each.startsWith('opened!'))).toHaveLength(50);
    expect(told.filter((each) => each.startsWith('opened '))).toHaveLength(950);
    expect(host.book.openAlerts()).toHaveLength(1000);
    expect(host.log.at(-1)?.message).toBe('950 more alerts than are told one by one within 10 s: unassigned-exposed (950); by /usr/bin/python3 (950)');
    host.look([]);
    expect(host.wait(MINUTE).filter((each) => each.startsWith('resolved!'))).toHaveLength(50);
  });

  it('tells the gravest first, and a grave one also when milder ones used up the room', () => {
    const host = started();
    host.look([...many(1, 100), ...many(5000, 1, 'critical', '/tmp/x')]);
    expect(host.log.map(({ kind, severity }) => `${kind} ${severity}`)).toEqual(['opened critical']);
    host.wait(MINUTE);
    expect(host.look([...many(1, 100), ...many(5001, 60, 'critical')]).filter((each) => each.startsWith('opened! critical'))).toHaveLength(50);
  });

  it('is told again once in the time as long as it lasts, and no more', () => {
    const host = started({ settle: { ...CONFIG.settle, warning: 0 }, storm: { alerts: 10, within: 10 * SECOND } });
    for (let second = 1; second <= 60; second++) {
      host.look(many(1, second * 30));
      host.wait(SECOND);
    }
    host.wait(MINUTE);
    const storms = host.log.filter(({ kind }) => kind === 'storm');
    expect(storms.length).toBeGreaterThanOrEqual(6);
    expect(storms.length).toBeLessThanOrEqual(7);
    const single = host.log.filter(({ kind, audience }) => kind === 'opened' && audience === 'alert').length;
    expect(single).toBeLessThanOrEqual(70);
    expect(single + storms.reduce((sum, { detail }) => sum + Number(detail['count']), 0)).toBe(1800);
    expect(storms.at(-1)?.detail['total']).toBe(1800 - single);
  });

  it('of listeners that lived a millisecond each is told whole', () => {
    const host = started();
    for (const listener of many(1, 1000)) host.write(host.book.passed({ listener: { ...listener, findings: [aFinding()] }, livedMs: 1, count: 1 }));
    host.wait(MINUTE);
    const transients = host.log.filter(({ kind }) => kind === 'transient');
    expect(transients).toHaveLength(1000);
    expect(transients.filter(({ audience }) => audience === 'alert')).toHaveLength(50);
    expect(host.log.filter(({ kind }) => kind === 'storm').reduce((sum, { detail }) => sum + Number(detail['count']), 0)).toBe(950);
  });

  it('is what a first start on a host full of findings is', () => {
    const host = aHost();
    const old = many(1, 200).map((listener) => ({ ...listener, owners: [anOwner({ startedAt: '2026-11-01T00:00:00.000Z' })] }));
    const told = host.look(old);
    expect(told.filter((each) => each.endsWith('!'))).toEqual([]);
    expect(told.filter((each) => each.startsWith('opened!'))).toHaveLength(50);
    expect(told.at(-1)).toBe('storm! warning x150');
  });

  it('beyond what can be tracked is counted, and told', () => {
    const host = started();
    const listeners = Array.from({ length: 20_100 }, (_, index) => ssh({ port: index % 60_000, address: index < 60_000 ? '0.0.0.0' : '127.0.0.1' }));
    expect(host.look(listeners)).toEqual(['storm! error']);
    expect(host.log[0]?.detail).toMatchObject({ untracked: 100, count: 0 });
    expect(host.book).toMatchObject({ tracked: 20_000, untracked: 100 });
    expect(host.look(listeners)).toEqual([]);
    expect(host.look([...listeners, netcat({ port: 61_000, findings: [aFinding({ severity: 'critical' })] })])).toEqual(['opened! critical 61000']);
    host.look(listeners);
    host.wait(MINUTE);
    host.look(listeners.slice(1000));
    host.wait(MINUTE);
    host.look(listeners.slice(1000));
    expect(host.book).toMatchObject({ tracked: 19_100, untracked: 0 });
  });
});

describe('a day', () => {
  it('of 100,000 openings and closings leaves nothing behind', () => {
    const host = started();
    const steady = Array.from({ length: 50 }, (_, index) => ssh({ port: 100 + index }));
    host.look(steady);
    host.wait(MINUTE);
    const before = { tracked: host.book.tracked, saved: JSON.stringify(host.book.save()).length };
    let largest = 0;
    for (let step = 0; step < 2000; step++) {
      const guests = Array.from({ length: 50 }, (_, index) => {
        const n = step * 50 + index;
        const owners = [anOwner({ exe: `/opt/app-${n % 700}/bin/server`, startedAt: host.clock.now().toISOString() })];
        return netcat({ port: 1000 + (n % 60_000), ephemeral: n % 3 === 0, protocol: n % 2 === 0 ? 'tcp' : 'udp', owners, findings: n % 5 === 0 ? [] : [aFinding({ severity: SEVERITIES[n % 5] ?? 'info' })] });
      });
      host.look([...steady, ...guests]);
      host.wait(step % 4 === 0 ? 40 * SECOND : 2 * SECOND);
      host.look(steady);
      host.wait(step % 4 === 0 ? 60 * SECOND : 50 * SECOND);
      largest = Math.max(largest, host.book.tracked);
      host.log.length = 0;
    }
    host.wait(3 * HOUR);
    expect(largest).toBeLessThan(300);
    expect(host.book.tracked).toBe(before.tracked);
    expect(host.book.openAlerts()).toEqual([]);
    expect(JSON.stringify(host.book.save()).length).toBeLessThan(before.saved + 1000);
  });

  it('with nothing new costs next to nothing', () => {
    const host = started({ reminder: null });
    const listeners = Array.from({ length: 1000 }, (_, index) => netcat({ port: 1 + index }));
    host.look(listeners);
    host.wait(HOUR);
    const sight = { listeners, appeared: [], uncertain: () => false };
    host.book.observe(sight);
    const start = performance.now();
    for (let i = 0; i < 1000; i++) if (host.book.observe(sight).length > 0) throw new Error('told something');
    // The bound is for a machine that does ten other things.
    expect((performance.now() - start) / 1000).toBeLessThan(1);
  });
});
