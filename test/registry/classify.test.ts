import { describe, expect, it } from 'vitest';
import type { PortRegistry, Transport } from '../../src/model/registry.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { classifyPorts } from '../../src/registry/classify.ts';
import { portKey, registryOfBlocks } from '../../src/registry/port-table.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';
import type { CsvRowParts } from './registry-csv.ts';
import { registryCsv } from './registry-csv.ts';

function classify(rows: readonly CsvRowParts[], formerNames: ReadonlyMap<number, string> = new Map()): PortRegistry {
  const csv = readRegistryCsv(registryCsv(rows), 'f.csv');
  return registryOfBlocks({ source: 'f.csv', updated: csv.updated }, classifyPorts(csv, formerNames));
}
const statusOf = (row: CsvRowParts): string => classify([{ port: '100', ...row }]).lookup(100, 'tcp').status;

describe('classifyPorts', () => {
  it('has a status for every port on every transport without any row', () => {
    const registry = classify([]);
    for (const transport of TRANSPORTS) {
      for (const port of [0, 1023, 1024, 49151]) expect(registry.lookup(port, transport).status).toBe('unassigned');
      for (const port of [49152, 65535]) expect(registry.lookup(port, transport)).toMatchObject({ status: 'dynamic', range: 'dynamic' });
    }
    expect([0, 1023, 1024, 49151].map((port) => registry.lookup(port, 'tcp').range)).toEqual(['system', 'system', 'user', 'user']);
  });

  it('keeps 49152-65535 dynamic whatever a row says', () => {
    const registry = classify([{ service: 'bold', port: '49151-50000' }]);
    expect(registry.lookup(49151, 'tcp')).toMatchObject({ status: 'assigned', service: 'bold' });
    expect(registry.lookup(49152, 'tcp')).toMatchObject({ status: 'dynamic', service: null });
  });

  it('takes a service name, or a description that is not a status word, for an assignment', () => {
    expect(statusOf({ service: 'foo', description: 'Unassigned' })).toBe('assigned');
    expect(statusOf({ description: 'any private mail system' })).toBe('assigned');
    expect(statusOf({ description: 'Possibly used by someone????' })).toBe('assigned');
  });

  it.each(['Unassigned', 'unassigned', '(unassigned) Possibly assigned', 'Unassigned [was netstat]', 'Unassigned (Released 12/7/00)', ''])('takes %j for unassigned', (description) => {
    expect(statusOf({ description })).toBe('unassigned');
  });

  it.each(['De-registered', 'De-assigned', 'De-Commissioned Port', 'Decomissioned Port 04/14/00, ms', 'Deprecated', 'Removed'])('takes %j for de-assigned', (description) => {
    expect(statusOf({ description })).toBe('de-assigned');
  });

  it.each([
    ['Reserved', '', 'reserved'],
    ['Reserved - IANA', '', 'reserved'],
    ['Reserved', 'This entry has been removed on 2014-05-23.', 'reserved'],
    ['Reserved', '(previous contact was [Someone])', 'reserved'],
    ['Reserved', 'De-Assigned on 2019-10-30', 'de-assigned'],
    ['Reserved', 'de-registered long ago', 'de-assigned'],
    ['Reserved', 'Previously assigned to NETCONF but released\n by [RFC9900]', 'de-assigned'],
  ])('takes %j with the note %j for %s', (description, notes, status) => {
    expect(statusOf({ description, notes })).toBe(status);
  });

  it('lets a row without a transport stand for all four, and one with a transport for its own only', () => {
    const registry = classify([
      { port: '10', description: 'Reserved' },
      { port: '11', transport: 'sctp', service: 'eleven' },
    ]);
    expect(TRANSPORTS.map((transport) => registry.lookup(10, transport).status)).toEqual(['reserved', 'reserved', 'reserved', 'reserved']);
    expect(TRANSPORTS.map((transport) => registry.lookup(11, transport).status)).toEqual(['unassigned', 'unassigned', 'assigned', 'unassigned']);
  });

  it('lets a row of one port decide against a range that also covers it', () => {
    const registry = classify([
      { port: '7748-7776', description: 'Unassigned' },
      { port: '7775', transport: 'tcp', service: 'inetfs', registered: '2016-01-28' },
      { port: '7775', transport: 'udp', description: 'Reserved' },
    ]);
    expect(registry.lookup(7775, 'tcp')).toMatchObject({ status: 'assigned', service: 'inetfs', since: '2016-01-28' });
    expect(registry.lookup(7775, 'udp').status).toBe('reserved');
    expect([7774, 7776].map((port) => registry.lookup(port, 'tcp').status)).toEqual(['unassigned', 'unassigned']);
  });

  it('ranks assigned before reserved before de-assigned before unassigned, in any order of the rows', () => {
    const rows: CsvRowParts[] = [
      { port: '5', description: 'Unassigned' },
      { port: '5', description: 'Removed' },
      { port: '5', description: 'Reserved' },
      { port: '5', service: 'five' },
    ];
    for (const [kept, status] of [
      [4, 'assigned'],
      [3, 'reserved'],
      [2, 'de-assigned'],
      [1, 'unassigned'],
    ] as const) {
      expect(classify(rows.slice(0, kept)).lookup(5, 'tcp').status).toBe(status);
      expect(classify(rows.slice(0, kept).reverse()).lookup(5, 'tcp').status).toBe(status);
    }
  });

  it('gives an assignment its registration date, and another status the day it began', () => {
    const since = (row: CsvRowParts): string | null => classify([{ port: '9', ...row }]).lookup(9, 'udp').since;
    expect(since({ service: 'a', registered: '2007-06', modified: '2020-01-01' })).toBe('2007-06');
    expect(since({ service: 'a', modified: '2020-01-01' })).toBeNull();
    expect(since({ description: 'Reserved', registered: '2006-12', modified: '2022-01-10', notes: 'De-Assigned on 2022-01-10' })).toBe('2022-01-10');
    expect(since({ description: 'Reserved', notes: 'This entry has been removed on 2019-07-05.' })).toBe('2019-07-05');
    expect(since({ description: 'Reserved', notes: 'removed on 2019-02-30' })).toBeNull();
    expect(since({ description: 'Reserved', registered: '2001-01-01' })).toBeNull();
    expect(since({ description: 'De-Commissioned Port', registered: '2000-02-24' })).toBe('2000-02-24');
    expect(since({ description: 'Unassigned', modified: '2020-01-01' })).toBeNull();
  });

  it.each<[string, CsvRowParts, string | null]>([
    ['previously', { description: 'Reserved', notes: 'De-assigned on 2025-02-13, previously compressnet by [Someone]' }, 'compressnet'],
    ['historic usage', { description: 'Reserved', notes: 'Historic usage was acms. De-Assigned on 2020-12-29' }, 'acms'],
    ['was', { description: 'Unassigned [was netstat]' }, 'netstat'],
    ['nothing: "previously noted"', { description: 'Reserved', notes: 'port 3121 previously noted "Removed on 2003-09-17"' }, null],
    ['nothing: "previously assigned to"', { description: 'Reserved', notes: 'Previously assigned to NETCONF but released by [RFC9900]' }, null],
    ['nothing: still assigned', { service: 'new', notes: 'previously compressnet by [Someone]' }, null],
  ])('reads a former name from the text: %s', (_, row, former) => {
    expect(classify([{ port: '9', ...row }]).lookup(9, 'tcp').former).toBe(former);
  });

  it('joins a former name from elsewhere where the port is not assigned, its own transport only', () => {
    const names = new Map([
      [portKey(10, 'tcp'), 'ten'],
      [portKey(11, 'tcp'), 'eleven'],
      [portKey(12, 'tcp'), 'other'],
    ]);
    const registry = classify(
      [
        { port: '11', transport: 'tcp', service: 'taken' },
        { port: '12', description: 'Unassigned [was twelve]' },
      ],
      names,
    );
    expect(registry.lookup(10, 'tcp')).toMatchObject({ status: 'unassigned', former: 'ten' });
    expect([registry.lookup(10, 'udp').former, registry.lookup(9, 'tcp').former, registry.lookup(11, 'tcp').former]).toEqual([null, null, null]);
    expect(registry.lookup(12, 'tcp').former).toBe('twelve');
  });

  it('shares one frozen object between ports with the same facts', () => {
    const registry = classify([{ port: '10-20', service: 'many' }]);
    const facts = registry.lookup(10, 'tcp');
    expect(registry.lookup(20, 'dccp')).toBe(facts);
    expect(Object.isFrozen(facts) && Object.isFrozen(facts.aliases)).toBe(true);
  });

  it('refuses a port with more rows than any has', () => {
    const rows = Array.from({ length: 33 }, (): CsvRowParts => ({ port: '0-65535', description: 'Unassigned' }));
    expect(() => classify(rows)).toThrow(expect.objectContaining({ code: 'registry-invalid' }) as Error);
  });

  it.each([-1, 65536, 1.5, NaN])('has no answer for %d, which is not a port', (port) => {
    expect(() => classify([]).lookup(port, 'tcp')).toThrow(RangeError);
  });
});

describe('the service name of a port with several', () => {
  const named = (port: number, transport: Transport, ...names: readonly (readonly [string, string?])[]): unknown => {
    const { service, aliases } = classify(names.map(([service, notes = '']) => ({ port: `${port}`, transport, service, notes }))).lookup(port, transport);
    return [service, aliases];
  };

  it('is the one that the notes do not put behind another; the rest keep their order', () => {
    const duplicate = 'This is a duplicate of the "http" service and should not be used for discovery purposes.';
    expect(named(80, 'tcp', ['www', duplicate], ['http'], ['www-http', duplicate])).toEqual(['http', ['www', 'www-http']]);
    expect(named(2049, 'udp', ['shilp', '<== NOTE Conflict on 2049 !'], ['nfs'])).toEqual(['nfs', ['shilp']]);
    expect(named(66, 'tcp', ['sql*net', 'This entry is an alias to "sql-net". This entry is now historic'], ['sql-net'])).toEqual(['sql-net', ['sql*net']]);
    expect(named(3000, 'tcp', ['remoteware-cl', 'This entry records an unassigned but widespread use'], ['hbci'])).toEqual(['hbci', ['remoteware-cl']]);
  });

  it('is the usual one where the notes are silent', () => {
    expect(named(113, 'tcp', ['ident'], ['auth'])).toEqual(['auth', ['ident']]);
    expect(named(465, 'tcp', ['urd'], ['submissions'])).toEqual(['submissions', ['urd']]);
    expect(named(465, 'udp', ['igmpv3lite'])).toEqual(['igmpv3lite', []]);
  });

  it('is the first where nothing else decides', () => {
    expect(named(631, 'tcp', ['ipp'], ['ipps'], ['ipp'])).toEqual(['ipp', ['ipps']]);
    expect(named(7, 'tcp', ['a', 'now historic'], ['b', 'now historic'])).toEqual(['a', ['b']]);
  });
});
