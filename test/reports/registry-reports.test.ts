import { describe, expect, it } from 'vitest';
import type { RegistryChange, RegistryDiff } from '../../src/model/registry-change.ts';
import type { RegistryStatus, RegistryUpdate } from '../../src/model/registry-state.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { renderRegistryDiff, renderRegistryDiffJson } from '../../src/reports/registry-diff.ts';
import { renderRegistryStatus, renderRegistryStatusJson } from '../../src/reports/registry-status.ts';
import { renderProgress, renderRegistryUpdate, renderRegistryUpdateJson } from '../../src/reports/registry-update.ts';
import type { TextOptions } from '../../src/reports/text-options.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';

const OPTIONS: TextOptions = { columns: 80, colour: false, ascii: false };
const text = (pieces: Iterable<string>): string => [...pieces].join('');
const widest = (output: string): number => Math.max(...output.split('\n').map(displayWidth));
const HOSTILE = 'a\x1b[31m\nb\u202ec';

const change = (partial: Partial<RegistryChange> = {}): RegistryChange => ({
  kind: 'de-assigned',
  from: 1302,
  to: 1302,
  transports: ['tcp', 'udp'],
  before: { status: 'assigned', service: 'ci3-software-2', aliases: [] },
  after: { status: 'de-assigned', service: null, aliases: [] },
  since: '2019-10-30',
  ...partial,
});
const CHANGES = [
  change(),
  change({ kind: 'assigned', from: 300, to: 310, transports: ['tcp'], before: { status: 'unassigned', service: null, aliases: [] }, after: { status: 'assigned', service: 'tacacss', aliases: ['other'] }, since: '2023-05-01' }),
  change({ kind: 'renamed', from: 861, to: 861, transports: ['udp'], before: { status: 'assigned', service: 'owamp-control', aliases: [] }, after: { status: 'assigned', service: 'owamp-test', aliases: [] }, since: '2001-01-01' }),
];
const NO_COUNTS = { assigned: 0, 'de-assigned': 0, reserved: 0, unassigned: 0, renamed: 0, aliases: 0 };
const diff = (partial: Partial<RegistryDiff> = {}): RegistryDiff => ({
  schema: 'portreeve/registry-diff/v1',
  before: { source: '/r/2018.csv', updated: '2018-02-12' },
  after: { source: 'embedded', updated: '2026-02-13' },
  counts: { ...NO_COUNTS, assigned: 11, 'de-assigned': 2, renamed: 1 },
  changes: CHANGES,
  host: null,
  ...partial,
});

describe('the difference of two registries', () => {
  it('as a table: losses first, aligned, with the day where it is known', () => {
    expect(text(renderRegistryDiff(diff(), OPTIONS))).toBe(
      [
        'Registry of 2018-02-12 compared with that of 2026-02-13',
        '  before: /r/2018.csv',
        '  after: embedded',
        '  2 ports de-assigned, 11 newly assigned, 1 renamed (each counted on each',
        '  transport)',
        '',
        '  PORT          BEFORE          AFTER',
        'DE-ASSIGNED',
        '  1302/tcp,udp  ci3-software-2  de-assigned 2019-10-30',
        '',
        'NEWLY ASSIGNED',
        '  300-310/tcp   unassigned      tacacss, other 2023-05-01',
        '',
        'RENAMED',
        '  861/udp       owamp-control   owamp-test',
        '',
      ].join('\n'),
    );
  });

  it('says that there is none, and that it reads backwards', () => {
    const output = text(renderRegistryDiff(diff({ changes: [], counts: NO_COUNTS, before: { source: 'embedded', updated: '2026-02-13' }, after: { source: 'x', updated: '2018-02-12' } }), OPTIONS));
    expect(output).toContain('No port has another status or another name.');
    expect(output).toContain('backwards in time');
  });

  it('names the listeners that it touches', () => {
    const listener = aListener({ port: 1302, owners: [anOwner({ name: 'licd', pid: 77 })] });
    const host = { listeners: [{ listener, change: change() }], coverage: { source: 'netlink' as const, complete: true, gaps: [] }, failure: null };
    expect(text(renderRegistryDiff(diff({ host }), OPTIONS))).toContain('On this host\n  1302/tcp 0.0.0.0 licd[77]: ci3-software-2 → de-assigned 2019-10-30\n');
    const json = JSON.parse(renderRegistryDiffJson(diff({ host }))) as { host: { listeners: unknown[] } };
    expect(json.host.listeners).toMatchObject([{ id: listener.id, port: 1302, owners: [{ name: 'licd' }], change: { kind: 'de-assigned', from: 1302 } }]);
    expect(json.host.listeners[0]).not.toHaveProperty('findings');
  });

  it('never lets a gap read as "no listener"', () => {
    const gaps = [{ code: 'namespaces-skipped' as const, detail: 'others exist', count: 1, hides: 'listeners' as const }];
    const complete = { listeners: [], coverage: { source: 'netlink' as const, complete: true, gaps: [] }, failure: null };
    expect(text(renderRegistryDiff(diff({ host: complete }), OPTIONS))).toContain('No listener is on a port that changed.');
    const partial = text(renderRegistryDiff(diff({ host: { ...complete, coverage: { source: 'netlink', complete: false, gaps } } }), OPTIONS));
    expect(partial).toContain('No listener that this scan could see');
    expect(partial).toContain('namespaces-skipped');
    expect(text(renderRegistryDiff(diff({ host: { listeners: [], coverage: null, failure: 'no way in' } }), OPTIONS))).toContain('Not known which listeners are on these ports: no way in');
    expect(text(renderRegistryDiff(diff(), OPTIONS))).not.toContain('On this host');
  });

  it('keeps to the width, and lets nothing hostile through', () => {
    const hostile = change({ after: { status: 'assigned', service: HOSTILE, aliases: Array.from({ length: 30 }, () => HOSTILE) }, kind: 'renamed' });
    const listener = aListener({ port: 1302, owners: [anOwner({ name: HOSTILE })] });
    const host = { listeners: [{ listener, change: hostile }], coverage: null, failure: HOSTILE };
    for (const columns of [40, 80, 120]) {
      const output = text(renderRegistryDiff(diff({ before: { source: HOSTILE.repeat(20), updated: '2018-02-12' }, changes: [hostile], host }), { ...OPTIONS, columns }));
      expect(widest(output)).toBeLessThanOrEqual(columns);
      expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/);
    }
    expect(renderRegistryDiffJson(diff({ changes: [hostile], host: { ...host, coverage: { source: 'netlink', complete: true, gaps: [] } } }))).toMatch(/^[\x20-\x7e\n]+$/);
  });
});

const COUNTS = { assigned: 6149, unassigned: 42_746, reserved: 235, 'de-assigned': 22, dynamic: 16_384 };
const status = (partial: Partial<RegistryStatus> = {}): RegistryStatus => ({
  schema: 'portreeve/registry-status/v1',
  kind: 'updated',
  source: '/s/registry/current.facts',
  updated: '2026-02-13',
  ageDays: 30,
  maxAgeDays: 365,
  stale: false,
  origin: { url: 'https://x/f.csv', etag: null, lastModified: null, fetchedAt: '2026-03-01T10:11:12.000Z', checkedAt: '2026-03-02T10:11:12.000Z', csvSha256: 'ab', forcedOver: null },
  embedded: { updated: '2025-01-01' },
  passedOver: null,
  previous: null,
  folder: '/s/registry',
  counts: { tcp: COUNTS, udp: COUNTS, sctp: COUNTS, dccp: COUNTS },
  ...partial,
});

describe('the status of the registry', () => {
  it('for people', () => {
    expect(text(renderRegistryStatus(status(), OPTIONS))).toBe(
      [
        'Registry of 2026-02-13, 30 days old',
        '  in force  /s/registry/current.facts',
        '  from      https://x/f.csv',
        '  fetched   2026-03-01 10:11 UTC, not modified there on 2026-03-02 10:11 UTC',
        '  embedded  of 2025-01-01',
        '  previous  none',
        '  updates   go to /s/registry',
        '',
        '  PORTS     ASSIGNED  UNASSIGNED  RESERVED  DE-ASSIGNED  DYNAMIC',
        '  tcp           6149       42746       235           22    16384',
        '  udp           6149       42746       235           22    16384',
        '  sctp          6149       42746       235           22    16384',
        '  dccp          6149       42746       235           22    16384',
        '',
      ].join('\n'),
    );
  });

  it('warns of age, in the text and as a flag', () => {
    const old = status({ ageDays: 400, stale: true });
    expect(text(renderRegistryStatus(old, OPTIONS))).toContain('warning: the registry is 400 days old, more than 365. portreeve registry update');
    expect(JSON.parse(renderRegistryStatusJson(old))).toEqual(old);
  });

  it('names what is embedded, forced, ignored, and a clock that is behind', () => {
    const output = (partial: Partial<RegistryStatus>): string => text(renderRegistryStatus(status(partial), OPTIONS));
    expect(output({ kind: 'embedded', source: 'embedded', origin: null })).toContain('in force  embedded: it came with the program');
    expect(output({ origin: { ...status().origin!, forcedOver: '2026-01-01' } })).toContain('forced    over the newer embedded one of 2026-01-01');
    expect(output({ passedOver: { source: '/s', updated: '2020-01-01' } })).toContain('ignored   of 2020-01-01, /s: older than the embedded one');
    expect(output({ ageDays: -3 })).toContain("3 days ahead of this host's clock");
    expect(output({ ageDays: 0 })).toContain('of today');
    expect(output({ ageDays: 1 })).toContain('1 day old');
  });

  it('lets nothing hostile through', () => {
    const output = text(renderRegistryStatus(status({ source: HOSTILE, folder: HOSTILE.repeat(30), origin: { ...status().origin!, url: HOSTILE, fetchedAt: HOSTILE } }), OPTIONS));
    expect(output).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/);
    expect(widest(output)).toBeLessThanOrEqual(80);
  });
});

describe('what an update did', () => {
  const update = (partial: Partial<RegistryUpdate> = {}): RegistryUpdate => ({
    schema: 'portreeve/registry-update/v1',
    outcome: 'updated',
    from: 'https://x/f.csv',
    before: { source: 'embedded', updated: '2026-02-13' },
    after: { source: '/s/current.facts', updated: '2027-01-01' },
    counts: { ...NO_COUNTS, assigned: 3 },
    overridden: [],
    ...partial,
  });
  const output = (partial: Partial<RegistryUpdate> = {}): string => text(renderRegistryUpdate(update(partial), OPTIONS));

  it('says what is in force now, what changed, and the way back', () => {
    expect(output()).toBe(
      [
        'Registry updated: of 2027-01-01; before, of 2026-02-13',
        '  from: https://x/f.csv',
        '  in force: /s/current.facts',
        '  changes: 3 ports newly assigned',
        '  to see them: portreeve registry diff; to go back: portreeve registry update',
        '    --rollback',
        '',
      ].join('\n'),
    );
    expect(output({ overridden: ['it is old'] })).toContain('forced, although it is old');
    expect(output({ counts: NO_COUNTS })).toContain('changes: no port has another status');
  });

  it('is brief where nothing did', () => {
    expect(output({ outcome: 'not-modified' })).toBe('Not modified: the registry of 2027-01-01 stays in force\n  from: https://x/f.csv\n  in force: /s/current.facts\n');
    expect(output({ outcome: 'rolled-back', from: null })).toContain('Back at the registry of 2027-01-01; before, of 2026-02-13');
    expect(JSON.parse(renderRegistryUpdateJson(update()))).toEqual(update());
  });

  it('shows the way of a transfer', () => {
    expect(renderProgress(421_000, 1_151_951)).toBe('412 KB of 1125 KB');
    expect(renderProgress(1, null)).toBe('1 KB');
  });
});
