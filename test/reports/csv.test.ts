import { describe, expect, it } from 'vitest';
import { CSV_COLUMNS, renderCsv } from '../../src/reports/csv.ts';
import { aFinding, aListener, anOwner, aReport, partialCoverage, webServer } from '../fixtures/audit-report.ts';
import { readCsv, readRecords } from './read-csv.ts';

const csvOf = (...listeners: Parameters<typeof aListener>[0][]): string => [...renderCsv(aReport(listeners.map((partial) => aListener(partial))))].join('');
const record = (...listeners: Parameters<typeof aListener>[0][]): Record<string, string> => readRecords(csvOf(...listeners))[0]!;

describe('renderCsv', () => {
  it('has these columns, which scripts rely on', () => {
    expect(CSV_COLUMNS.map(({ name }) => name).join(' ')).toBe(
      'id severity rules exceptedRules exceptions protocol family address port ipProtocol scope interface dualStack sockets netns ephemeral ' +
        'status range service aliases since former ownerKind ownerNote ownerReason activation activates socketUid socketUser ' +
        'pids names exes exeDeleted uids users units containers host startedAt complete',
    );
  });

  it('writes a header and one row per listener', () => {
    const rows = readCsv([...renderCsv(aReport(webServer()))].join(''));
    expect(rows).toHaveLength(1 + webServer().length);
    expect(readCsv([...renderCsv(aReport([]))].join(''))).toEqual([CSV_COLUMNS.map(({ name }) => name)]);
  });

  it('tells what is in force apart from what is excepted', () => {
    const excepted = { id: 'licence-server', reason: 'Vendor port', expires: null };
    expect(record({ findings: [aFinding({ rule: 'one', excepted }), aFinding({ rule: 'two', severity: 'notice' })] })).toMatchObject({
      severity: 'notice',
      rules: 'two',
      exceptedRules: 'one',
      exceptions: 'licence-server',
    });
  });

  it('keeps the lists of owners in step, and unknown facts empty', () => {
    const owners = [anOwner({ pid: 10, name: 'a;b', exe: null, user: null }), anOwner({ pid: 20, name: 'c', container: 'f00' })];
    expect(record({ owners })).toMatchObject({ pids: '10;20', names: 'a\\x3bb;c', exes: ';/usr/sbin/sshd', users: ';root', containers: ';f00', exeDeleted: 'false;false' });
  });

  it('quotes what RFC 4180 asks to quote', () => {
    const text = csvOf({ owners: [anOwner({ name: 'say "hi", ok' })] });
    expect(text).toContain(',"say ""hi"", ok",');
    expect(readRecords(text)[0]!['names']).toBe('say "hi", ok');
  });

  it.each(['=cmd|/c calc!A1', '+1', '-1', '@SUM(A1)', '＝1'])('makes a formula (%s) text, in each item of a list', (name) => {
    expect(record({ owners: [anOwner({ name }), anOwner({ pid: 2, name })] })['names']).toBe(`'${name};'${name}`);
    expect(record({ socketUser: name })['socketUser']).toBe(`'${name}`);
  });

  it('writes a raw socket without a port', () => {
    expect(record({ protocol: 'raw', port: null, ipProtocol: 1, registry: null })).toMatchObject({ port: '', ipProtocol: '1', status: '' });
  });

  it('says in every row whether the audit was complete', () => {
    const text = [...renderCsv(aReport([aListener()], { coverage: partialCoverage() }))].join('');
    expect(readRecords(text)[0]).toMatchObject({ host: 'web1', startedAt: '2026-11-22T04:53:57.000Z', complete: 'false' });
  });
});
