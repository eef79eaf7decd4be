import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import type { History, Tenure } from '../../src/model/history.ts';
import { displayWidth } from '../../src/model/untrusted-text.ts';
import { HISTORY_CSV_COLUMNS, renderHistory } from '../../src/reports/history.ts';
import { REPORT_FORMATS, type ReportFormat } from '../../src/reports/render.ts';
import { LEAST_COLUMNS } from '../../src/reports/text-options.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';
import { aDraft, RUNS } from '../state/samples.ts';
import { readRecords } from './read-csv.ts';

const nc = aListener({ port: 1302, owners: [anOwner({ pid: 4711, name: 'nc', exe: '/usr/bin/nc', user: 'root', unit: 'session-3.scope' })] });
const licd = aListener({ port: 1302, owners: [anOwner({ pid: 9, name: 'licd', exe: '/opt/licd/bin/licd', user: 'licd', unit: 'licd.service' })] });

function anEvent(partial: Partial<PortreeveEvent> = {}): PortreeveEvent {
  return { schema: 'portreeve/event/v1', id: '01ARZ3NDEKTSV4RRFFQ69G5FAV', sequence: 7, time: '2026-11-22T07:47:56.123Z', host: 'web1', ...aDraft(), ...partial };
}

function aTenure(partial: Partial<Tenure> = {}): Tenure {
  return { listener: nc, from: '2026-11-20T06:12:44.000Z', since: '2026-11-20T06:12:44.000Z', until: null, openings: 1, wasThere: false, ...partial };
}

function aHistory(partial: Partial<History> = {}): History {
  return {
    schema: 'portreeve/history/v1',
    query: { port: null, protocol: null, owner: null, kinds: null, minSeverity: null, since: null, until: null, limit: 100 },
    source: { kind: 'event-log', place: '/var/lib/portreeve/events' },
    oldest: '2026-11-01T00:00:00.000Z',
    port: null,
    events: [anEvent()],
    ...partial,
  };
}

const print = (history: History, format: ReportFormat, { columns = 120, ascii = false, colour = false } = {}): string => [...renderHistory(history, format, { columns, colour, ascii })].join('');
const sentences = (...tenures: readonly Tenure[]): string => print(aHistory({ port: { port: 1302, protocol: 'tcp', tenures, omitted: 0 }, events: [] }), 'table', { columns: 500 }).split('\n\n')[0]!;

describe('the table', () => {
  it('has a line for each event, with its time, kind, severity, place, owner and message', () => {
    expect(print(aHistory({ events: [anEvent(), anEvent({ kind: 'agent', severity: 'info', listener: null, message: 'portreeve started' })] }), 'table', { columns: 160 }).split('\n')).toEqual([
      '  TIME (UTC)           KIND    SEVERITY  PLACE             OWNER     MESSAGE',
      '  2026-11-22 07:47:56  opened  error     1302/tcp 0.0.0.0  nc[4711]  tcp *:1302 opened by nc[4711] (/usr/bin/nc.openbsd, user root)',
      '  2026-11-22 07:47:56  agent   info      -                 -         portreeve started',
      '2 events. The event log begins 2026-11-01 00:00:00 UTC.',
      '',
    ]);
  });

  it('says where there may be more, where there is nothing, and who told it', () => {
    expect(print(aHistory({ query: { ...aHistory().query, limit: 1 } }), 'table')).toContain('1 event. The newest 1; there may be more (--limit).');
    expect(print(aHistory({ events: [] }), 'table')).toBe('No events that fit. The event log begins 2026-11-01 00:00:00 UTC.\n');
    expect(print(aHistory({ events: [], oldest: null, source: { kind: 'daemon', place: '/run/x' } }), 'table')).toBe('No events that fit. As the daemon tells it.\n');
  });
});

describe('a port', () => {
  const first = 'Port 1302/tcp first appeared 2026-11-20 06:12:44 UTC, held by nc[4711] (/usr/bin/nc, user root, unit session-3.scope), 1302/tcp on 0.0.0.0.';

  it('that one owner has held all the time', () => {
    expect(sentences(aTenure())).toBe(`${first} It has held it since.`);
  });

  it('that was open before', () => {
    expect(sentences(aTenure({ wasThere: true }))).toMatch(/^Port 1302\/tcp was open when portreeve first looked, 2026-11-20 06:12:44 UTC, held by nc\[4711\] .*It has held it since\.$/);
  });

  it('that another owner holds now', () => {
    const since = '2026-11-21T09:00:00.000Z';
    expect(sentences(aTenure({ until: since }), aTenure({ listener: licd, from: since, since }))).toBe(
      `${first} Since 2026-11-21 09:00:00 it is held by licd[9] (/opt/licd/bin/licd, user licd, unit licd.service), 1302/tcp on 0.0.0.0.`,
    );
  });

  it('that nobody holds now, and who did between', () => {
    const between = aTenure({ listener: licd, from: '2026-11-21T09:00:00.000Z', since: '2026-11-21T10:00:00.000Z', until: '2026-11-21T11:00:00.000Z', openings: 3 });
    expect(sentences(aTenure({ until: '2026-11-20T07:00:00.000Z' }), between).split('\n')).toEqual([
      `${first} Nobody holds it now: the last to do so, licd[9] (/opt/licd/bin/licd, user licd, unit licd.service), left 2026-11-21 11:00:00.`,
      '  2026-11-21 09:00:00 to 2026-11-21 11:00:00, 3 times: licd[9] (/opt/licd/bin/licd, user licd, unit licd.service), 1302/tcp on 0.0.0.0',
    ]);
    expect(sentences(aTenure({ until: '2026-11-20T07:00:00.000Z' }))).toBe(`${first} Nobody holds it now: the last to do so left 2026-11-20 07:00:00.`);
  });

  it('that came and went', () => {
    expect(sentences(aTenure({ openings: 4, since: '2026-11-22T01:00:00.000Z' }))).toBe(`${first} It holds it now, since 2026-11-22 01:00:00 (it came 4 times since 2026-11-20 06:12:44).`);
  });

  it('of which nothing is known', () => {
    expect(sentences()).toBe('Port 1302/tcp: nothing in the event log since 2026-11-01 00:00:00 UTC, when it begins.\n');
  });

  it('that had more owners than anyone reads', () => {
    const many = Array.from({ length: 30 }, () => aTenure({ until: '2026-11-20T07:00:00.000Z' }));
    const text = print(aHistory({ port: { port: 1302, protocol: null, tenures: many, omitted: 100 }, events: [] }), 'table');
    expect(text).toContain('and 124 more before that');
    expect(text.split('\n').length).toBeLessThan(25);
  });
});

describe('data', () => {
  it('is the events as they are, in json and ndjson', () => {
    const history = aHistory({ events: [anEvent({ message: 'a\x9b\u202e' }), anEvent({ sequence: 8, listener: null })], port: { port: 1302, protocol: null, tenures: [aTenure()], omitted: 0 } });
    expect(JSON.parse(print(history, 'json'))).toEqual(history);
expect(print(history, 'json')).toMatch(/^[\n\x20-\x7e]*$/);
    expect(print(history, 'ndjson').trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(history.events);
    for (const plain of [aHistory(), aHistory({ events: [] })]) expect(print(plain, 'json')).toBe(`${JSON.stringify(JSON.parse(print(plain, 'json')), null, 2)}\n`);
  });

  it('has these columns in csv, which scripts rely on', () => {
    expect(HISTORY_CSV_COLUMNS.map(({ name }) => name).join(' ')).toBe(
      'sequence time kind severity audience protocol address port netns status rules ownerKind pids names exes users units containers alert alertOpenedAt openings resolution message host id',
    );
    expect(readRecords(print(aHistory({ events: [anEvent({ message: 'by \\x1b[31m' })] }), 'csv'))[0]).toMatchObject({
      sequence: '7', time: '2026-11-22T07:47:56.123Z', kind: 'opened', severity: 'error', protocol: 'tcp', port: '1302', names: 'nc', rules: 'de-assigned-exposed', alert: 'host/tcp/*/1302', openings: '1', message: 'by \\x1b[31m',
    });
    expect(readRecords(print(aHistory({ events: [anEvent({ listener: null, alert: null, message: '=1+1' })] }), 'csv'))[0]).toMatchObject({ port: '', names: '', alert: '', message: "'=1+1" });
  });
});

/** Every control, format, surrogate and separator character but the space and the line end. */
const RAW = /(?![ \n])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

describe.each(REPORT_FORMATS)('%s', (format) => {
  it('is harmless and keeps its layout, whatever anything is called', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\x1b[2J', 'a\nb', '\u202e', '🚀\u200d🚀', '\u0301'.repeat(40), 'x'.repeat(5000), '"],\n{', '\ud800'));
    fc.assert(
      fc.property(text, fc.integer({ min: LEAST_COLUMNS, max: 200 }), fc.boolean(), (name, columns, ascii) => {
        const listener = aListener({ port: 1302, interface: name, socketUser: name, netns: { inode: 1, name }, owners: [anOwner({ name, exe: name, user: name, unit: name, container: name })] });
        const event = anEvent({ host: name, message: name, time: name, listener, alert: { id: name, openedAt: name, openings: 1, resolution: null }, detail: { name } });
        const tenures = [aTenure({ listener, from: name, until: name }), aTenure({ listener, since: name }), aTenure({ listener, until: name })];
        const printed = print(aHistory({ oldest: name, source: { kind: 'event-log', place: name }, events: [event], port: { port: 1302, protocol: name, tenures, omitted: 0 } }), format, { columns, ascii });
        expect(printed).not.toMatch(RAW);
        if (ascii) expect(printed).toMatch(/^[\n\x20-\x7e]*$/);
        if (format === 'table') for (const line of printed.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      }),
      RUNS,
    );
  });
});
