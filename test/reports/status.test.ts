import { describe, expect, it } from 'vitest';
import type { DaemonStatus } from '../../src/model/daemon.ts';
import { findTroubles, isHealthy } from '../../src/reports/health.ts';
import { agoLabel, secondLabel, spanLabel } from '../../src/reports/moments.ts';
import { renderStatus, renderStatusJson } from '../../src/reports/status.ts';
import { partialCoverage } from '../fixtures/audit-report.ts';
import { aSink, aStatus, NOW } from '../fixtures/daemon.ts';

const PLAIN = { columns: 100, colour: false, ascii: true };
const show = (status: DaemonStatus, options = PLAIN): string => [...renderStatus(status, NOW, options)].join('');
const before = (ms: number): string => new Date(NOW.getTime() - ms).toISOString();
const MINUTE = 60_000;
const { scan, eventLog, registry, kernelEvents } = aStatus();

describe('isHealthy', () => {
  it('of a daemon at work: yes, whatever it found and whatever it cannot see', () => {
    expect(isHealthy(aStatus(), NOW)).toBe(true);
    expect(isHealthy(aStatus({ coverage: partialCoverage() }), NOW)).toBe(true);
    expect(isHealthy(aStatus({ registry: { ...registry, stale: true }, kernelEvents: { ...kernelEvents, mode: 'polling', lost: 12 } }), NOW)).toBe(true);
  });

  it.each<[string, Partial<DaemonStatus>, boolean]>([
    ['an event log that cannot be written', { eventLog: { ...eventLog, writable: false, error: 'ENOSPC' } }, false],
    ['a failed reload', { lastReload: { at: before(MINUTE), ok: false, problems: ['rules.yaml:3:5: unknown key'] } }, false],
    ['a reload that was taken', { lastReload: { at: before(MINUTE), ok: true, problems: [] } }, true],
    ['a sink that fails for a minute', { sinks: [aSink({ error: 'ECONNREFUSED', failingSince: before(MINUTE) })] }, true],
    ['a sink that fails for ten', { sinks: [aSink({ error: 'ECONNREFUSED', failingSince: before(10 * MINUTE) })] }, false],
    ['a sink that fails since nobody knows when, and sent a minute ago', { sinks: [aSink({ error: 'x', lastSentAt: before(MINUTE) })] }, true],
    ['a sink that fails and has not sent for an hour', { sinks: [aSink({ error: 'x', lastSentAt: before(60 * MINUTE) })] }, false],
    ['a sink that never sent, long after the start', { sinks: [aSink({ error: 'x', lastSentAt: null })] }, false],
    ['a sink that lost something', { sinks: [aSink({ lost: 3 })] }, true],
    ['a look that is overdue', { scan: { ...scan, lastTickAt: before(2 * MINUTE) } }, false],
    ['a sweep that is late, but not by ten', { scan: { ...scan, lastSweepAt: before(5 * MINUTE) } }, true],
    ['a sweep that is overdue', { scan: { ...scan, lastSweepAt: before(11 * MINUTE) } }, false],
    ['a clock that was set back', { scan: { ...scan, lastTickAt: before(-60 * MINUTE), lastSweepAt: before(-60 * MINUTE) }, startedAt: before(-60 * MINUTE) }, true],
    ['a start under way', { state: 'starting', startedAt: before(5000), scan: { ...scan, lastTickAt: null, lastSweepAt: null } }, true],
    ['a start that does not end', { state: 'starting', startedAt: before(2 * MINUTE), scan: { ...scan, lastTickAt: null, lastSweepAt: null } }, false],
    ['an end', { state: 'stopping', scan: { ...scan, lastTickAt: before(2 * MINUTE) } }, true],
  ])('with %s', (_what, partial, healthy) => {
    expect(isHealthy(aStatus(partial), NOW)).toBe(healthy);
  });

  it('tells faults before notes', () => {
    const troubles = findTroubles(aStatus({ sinks: [aSink({ lost: 3 })], coverage: partialCoverage(), eventLog: { ...eventLog, writable: false } }), NOW);
    expect(troubles.map(({ kind, what }) => [kind, what])).toEqual([
      ['fault', 'the event log cannot be written'],
      ['note', 'sink siem has lost 3 of its events since the start'],
      ['note', 'it cannot see everything: no finding does not mean clean'],
    ]);
  });
});

describe('renderStatus', () => {
  it('is calm where all is well', () => {
    expect(show(aStatus())).toBe(
      `portreeve 0.1.0 on web1 is running, since 2026-11-20T02:53:57Z (2 days ago), pid 812. It is well.

  listeners  23: 1 error, 2 warnings, 4 excepted findings
  alerts     1 open: 1 error
  noticing   tracefs: TCP is told by the kernel; UDP and the rest are polled
             a look every 1 s, the last just now in 0.4 ms; a sweep every 60 s, the last 37 seconds
             ago in 84 ms; 181204 looks, 37 changes
  coverage   complete, by netlink
  registry   of 2026-02-13 (282 days old), embedded
  policy     42 rules, 7 exceptions, loaded 2 days ago
  reload     none since the start
  event log  events 1 to 523, 1.2 MiB
  sinks      journal (journal): idle, 41 sent, last 45 seconds ago
             siem (tls://logs.example:6514): idle, 41 sent, last 45 seconds ago
  memory     61.0 MiB
  config     /etc/portreeve/portreeve.yaml
`,
    );
  });

  it('says first what is wrong, and what to do', () => {
    const text = show(aStatus({ lastReload: { at: before(MINUTE), ok: false, problems: ['rules.yaml:3:5: unknown key', 'x'] }, sinks: [aSink({ error: 'ECONNREFUSED', queued: 17, failingSince: before(MINUTE) }), aSink({ name: 'far', error: 'ENETUNREACH', hint: 'see `ip route`', queued: 2, failingSince: before(MINUTE) })] }));
    expect(text.split('\n').slice(0, 8)).toEqual([
      'portreeve 0.1.0 on web1 is running, since 2026-11-20T02:53:57Z (2 days ago), pid 812. It is not',
      'well:',
      '  error: the last reload failed: rules.yaml:3:5: unknown key (and 1 more)',
      '    what was in force before still is: mend it, then systemctl reload portreeve',
      '  note: sink siem fails: ECONNREFUSED',
      '    17 queued; nothing is lost while the event log keeps it',
      '  note: sink far fails: ENETUNREACH',
      '    see `ip route` (2 queued; nothing is lost while the event log keeps it)',
    ]);
    expect(text).toContain('siem (tls://logs.example:6514): failing, 17 queued, 41 sent');
    expect(text).toContain('  reload     1 minute ago, refused: 2 problems');
  });

  it('says what is not there, or not known yet', () => {
    const text = show(aStatus({ coverage: null, sinks: [], config: null, alerts: { open: 0, bySeverity: aStatus().listeners.bySeverity }, eventLog: { ...eventLog, oldest: 1, newest: 0 }, scan: { ...scan, lastSweepAt: null, lastSweepMs: null } }));
    for (const line of ['coverage   not known before the first sweep', 'sinks      none: alerts stay in the event log', 'config     none: the defaults', 'alerts     none open', 'event log  empty', 'a sweep every 60 s, none yet']) expect(text).toContain(line);
  });

  it('colours faults, and nothing without colours', () => {
    const broken = aStatus({ eventLog: { ...eventLog, writable: false, error: null } });
    expect(show(broken, { ...PLAIN, colour: true })).toContain('\x1b[31m  error: the event log cannot be written\x1b[0m\n');
    expect(show(broken)).not.toContain('\x1b');
  });

  it.each(['\x1b[31mred\n\x9b2J', '\u202egpj', '\ud83d'])('is harmless whatever it is told: %j', (text) => {
    const status = aStatus({
      version: text, host: text, config: text, kernelEvents: { ...kernelEvents, detail: text }, registry: { ...registry, source: text, updated: text },
      eventLog: { ...eventLog, writable: false, error: text }, sinks: [aSink({ name: text, target: text, error: text })], lastReload: { at: before(0), ok: false, problems: [text] },
    });
    expect(show(status)).toMatch(/^[\n\x20-\x7e]*$/);
    expect(show(status).split('\n').length).toBeLessThan(40);
    expect(renderStatusJson(status)).toMatch(/^[\n\x20-\x7e]*$/);
    expect(JSON.parse(renderStatusJson(status))).toEqual(status);
  });
});

describe('moments', () => {
  it('are told in the unit that a person would take', () => {
    expect([0, 0.04, 0.4, 9.96, 84.3, 999, 1000, 59_999, 60_000, 3_600_000, 86_400_000, 172_800_000].map(spanLabel)).toEqual(['0 ms', '0 ms', '0.4 ms', '10 ms', '84 ms', '999 ms', '1 second', '59 seconds', '1 minute', '1 hour', '1 day', '2 days']);
    expect(agoLabel(before(500), NOW)).toBe('just now');
    expect(agoLabel(before(90_000), NOW)).toBe('1 minute ago');
    expect(agoLabel(before(-5000), NOW)).toBe("ahead of this host's clock");
    expect(secondLabel('2026-11-22T04:53:57.123Z')).toBe('2026-11-22T04:53:57Z');
  });
});
