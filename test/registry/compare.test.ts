import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegistryChange } from '../../src/model/registry-change.ts';
import type { PortRegistry } from '../../src/model/registry.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { classifyPorts } from '../../src/registry/classify.ts';
import { compareRegistries, countChanges } from '../../src/registry/compare.ts';
import { registryOfBlocks } from '../../src/registry/port-table.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';
import { registryCsv, type CsvRowParts } from './registry-csv.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
function registry(rows: readonly CsvRowParts[]): PortRegistry {
  const csv = readRegistryCsv(registryCsv(rows), 'f.csv');
  return registryOfBlocks({ source: 'f.csv', updated: csv.updated }, classifyPorts(csv, new Map()));
}
const compare = (before: readonly CsvRowParts[], after: readonly CsvRowParts[]): RegistryChange[] => compareRegistries(registry(before), registry(after));
const brief = (changes: readonly RegistryChange[]): unknown[] => changes.map(({ kind, from, to, transports, before, after }) => [kind, from, to, transports.join(), before.service ?? before.status, after.service ?? after.status]);

const NAMED = { service: 'a', port: '10' };

describe('compareRegistries', () => {
  it('tells each kind of change', () => {
    const gone = { port: '10', description: 'De-registered', modified: '2020-01-02' };
    expect(brief(compare([], [NAMED]))).toEqual([['assigned', 10, 10, 'tcp,udp,sctp,dccp', 'unassigned', 'a']]);
    expect(compare([NAMED], [gone])).toEqual([
      {
        kind: 'de-assigned',
        from: 10,
        to: 10,
        transports: ['tcp', 'udp', 'sctp', 'dccp'],
        before: { status: 'assigned', service: 'a', aliases: [] },
        after: { status: 'de-assigned', service: null, aliases: [] },
        since: '2020-01-02',
      },
    ]);
    expect(brief(compare([gone], [{ port: '10', description: 'Reserved' }]))).toEqual([['reserved', 10, 10, 'tcp,udp,sctp,dccp', 'de-assigned', 'reserved']]);
    expect(brief(compare([NAMED], [{ port: '10', description: 'Unassigned' }]))).toEqual([['unassigned', 10, 10, 'tcp,udp,sctp,dccp', 'a', 'unassigned']]);
    expect(brief(compare([NAMED], [{ service: 'b', port: '10' }]))).toEqual([['renamed', 10, 10, 'tcp,udp,sctp,dccp', 'a', 'b']]);
    expect(compare([NAMED], [NAMED, { service: 'b', port: '10', transport: 'tcp' }])).toMatchObject([{ kind: 'aliases', transports: ['tcp'], before: { aliases: [] }, after: { service: 'a', aliases: ['b'] } }]);
  });

  it('says nothing of dates alone', () => {
    expect(compare([{ ...NAMED, registered: '2001-01-01' }], [{ ...NAMED, registered: '2002-02-02' }])).toEqual([]);
  });

  it('folds neighbouring ports, and keeps apart what differs between transports', () => {
    const before = [{ service: 'a', port: '10-20' }];
    const after = [{ service: 'a', port: '10-20', transport: 'udp' as const }, { port: '12-20', transport: 'tcp' as const, description: 'Reserved' }];
    expect(brief(compare(before, after))).toEqual([
      ['unassigned', 10, 11, 'tcp,sctp,dccp', 'a', 'unassigned'],
      ['reserved', 12, 20, 'tcp', 'a', 'reserved'],
      ['unassigned', 12, 20, 'sctp,dccp', 'a', 'unassigned'],
    ]);
  });

  it('does not fold over a port that did not change, or into the dynamic range', () => {
    const ports = ['10', '12', '49151', '49152-49160'];
    expect(brief(compare([], ports.map((port) => ({ service: 'a', port, transport: 'tcp' }))))).toEqual([
      ['assigned', 10, 10, 'tcp', 'unassigned', 'a'],
      ['assigned', 12, 12, 'tcp', 'unassigned', 'a'],
      ['assigned', 49151, 49151, 'tcp', 'unassigned', 'a'],
    ]);
  });

  it('holds exactly what look-ups of both give, whatever they are', () => {
    const row: fc.Arbitrary<CsvRowParts> = fc.record({
      port: fc.tuple(fc.nat(12), fc.nat(6)).map(([first, length]) => `${first}-${first + length}`),
      transport: fc.constantFrom('' as const, ...TRANSPORTS),
      service: fc.constantFrom('', 'a', 'b'),
      description: fc.constantFrom('Unassigned', 'Reserved', 'Removed'),
    });
    const rows = fc.array(row, { maxLength: 6 });
    fc.assert(
      fc.property(rows, rows, (one, other) => {
        const before = registry(one);
        const after = registry(other);
        const told = new Map(compareRegistries(before, after).flatMap((change) => range(change.from, change.to).flatMap((port) => change.transports.map((transport) => [`${port}/${transport}`, change] as const))));
        let different = 0;
        for (const port of range(0, 25)) {
          for (const transport of TRANSPORTS) {
            const [was, is] = [before.lookup(port, transport), after.lookup(port, transport)];
            const change = told.get(`${port}/${transport}`);
            const same = was.status === is.status && was.service === is.service && was.aliases.join() === is.aliases.join();
            expect(change === undefined).toBe(same);
            if (change === undefined) continue;
            different += 1;
            expect(change).toMatchObject({ before: { status: was.status, service: was.service, aliases: was.aliases }, after: { status: is.status, service: is.service, aliases: is.aliases } });
          }
        }
        expect(told.size).toBe(different);
        expect(Object.values(countChanges([...new Set(told.values())])).reduce((sum, each) => sum + each)).toBe(different);
      }),
      { seed: 1, numRuns: Math.min(numRuns, 200) },
    );
  });
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
