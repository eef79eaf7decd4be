import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import type { PortFacts, PortRegistry } from '../../src/model/registry.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { classifyPorts } from '../../src/registry/classify.ts';
import { FACTS_TITLE, writeFacts } from '../../src/registry/facts-format.ts';
import { registryOfBlocks } from '../../src/registry/port-table.ts';
import { openFacts, readFacts } from '../../src/registry/read-facts.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';
import type { CsvRowParts } from './registry-csv.ts';
import { registryCsv } from './registry-csv.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
const factsText = (lines: readonly string[], end = lines.length): string => [FACTS_TITLE, '# snapshot 2026-02-13', ...lines, `# end ${end}`, ''].join('\n');

function allFacts(registry: PortRegistry, ports: readonly number[]): PortFacts[] {
  return ports.flatMap((port) => TRANSPORTS.map((transport) => registry.lookup(port, transport)));
}

describe('readFacts', () => {
  it('reads names, dates, former names, ranges and transports', () => {
    const registry = readFacts(factsText(['22\ttus\tA\tssh', '80\tt\tA\thttp,www\t2001-01', '80\tu\tD\t\t2019-10-30\told', '90-92\tt\tR', '1302\tt\tU\t\t\tgone']), 'x.facts');
    expect(registry).toMatchObject({ source: 'x.facts', updated: '2026-02-13' });
    expect(registry.lookup(22, 'sctp')).toEqual({ status: 'assigned', range: 'system', service: 'ssh', aliases: [], since: null, former: null });
    expect(registry.lookup(22, 'dccp').status).toBe('unassigned');
    expect(registry.lookup(80, 'tcp')).toEqual({ status: 'assigned', range: 'system', service: 'http', aliases: ['www'], since: '2001-01', former: null });
    expect(registry.lookup(80, 'udp')).toEqual({ status: 'de-assigned', range: 'system', service: null, aliases: [], since: '2019-10-30', former: 'old' });
    expect([89, 90, 91, 92, 93].map((port) => registry.lookup(port, 'tcp').status)).toEqual(['unassigned', 'reserved', 'reserved', 'reserved', 'unassigned']);
    expect(registry.lookup(1302, 'tcp')).toEqual({ status: 'unassigned', range: 'user', service: null, aliases: [], since: null, former: 'gone' });
    expect([0, 21, 49151].map((port) => registry.lookup(port, 'tcp').status)).toEqual(['unassigned', 'unassigned', 'unassigned']);
    expect([49152, 65535].map((port) => registry.lookup(port, 'tcp').status)).toEqual(['dynamic', 'dynamic']);
  });

  it('gives the same object at each look-up', () => {
    const registry = openFacts(factsText(['22\ttus\tA\tssh', '30\tt\tA\tthirty']), 'x');
    const ssh = registry.lookup(22, 'tcp');
    registry.lookup(30, 'tcp');
    registry.lookup(25, 'tcp');
    expect(registry.lookup(22, 'udp')).toBe(ssh);
  });

  it('reads a file with CRLF line ends, and one without any facts', () => {
    expect(readFacts(factsText(['22\ttus\tA\tssh']).replaceAll('\n', '\r\n'), 'x').lookup(22, 'tcp').service).toBe('ssh');
    expect(readFacts(factsText([]), 'x').lookup(22, 'tcp').status).toBe('unassigned');
  });

  const good = '22\ttus\tA\tssh';
  it.each([
    ['another format version', factsText([good]).replace('format 1', 'format 2'), 1, 'the first line'],
    ['no date', factsText([good]).replace('# snapshot 2026-02-13', '# snapshot 2026-02-31'), 2, 'the second line'],
    ['a cut between lines', `${FACTS_TITLE}\n# snapshot 2026-02-13\n${good}\n`, null, 'closing line'],
    ['a cut inside a line', factsText([good]).slice(0, -20), null, 'closing line'],
    ['a cut in the closing line', factsText([good]).slice(0, -1), null, 'closing line'],
    ['nothing but the title', `${FACTS_TITLE}\n`, 2, 'the second line'],
    ['a lost line', factsText([good], 2), null, '1 lines where the closing line says 2'],
    ['lines out of order', factsText([good, '21\tt\tA\tftp']), 4, 'not in order'],
    ['blocks that overlap', factsText(['20-30\tt\tR', good]), 4, 'not in order'],
    ['a dynamic port', factsText(['50000\tt\tR']), 3, '50000 is not a range'],
    ['a range over 1024', factsText(['1000-1024\tt\tR']), 3, '1000-1024 is not a range'],
    ['a range that runs backwards', factsText(['9-8\tt\tR']), 3, '9-8 is not a range'],
    ['a line without a port', factsText([good, 'x\tt\tR']), 4, 'does not start with a port'],
    ['a line without columns', factsText(['22']), 3, 'does not start with a port'],
    ['a blank line', factsText(['']), 3, 'does not start with a port'],
    ['an unknown transport', factsText(['22\tq\tR']), 3, 'an unknown transport'],
    ['a transport twice', factsText(['22\tt\tR', '22\tut\tA\tssh']), 3, 'there before'],
    ['no transport', factsText(['22\t\tR']), 3, 'no transport'],
    ['an unknown status', factsText(['22\tt\tX']), 3, 'an unknown status'],
    ['a name with an escape', factsText(['22\tt\tA\ts\u001b[1m']), 3, 'a service name'],
    ['a former name of an assigned port', factsText(['22\tt\tA\tssh\t\told']), 3, 'only assigned ports'],
    ['a service on a reserved port', factsText(['22\tt\tR\tssh']), 3, 'only assigned ports'],
    ['a bad date', factsText(['22\tt\tA\tssh\tyesterday']), 3, 'a date'],
    ['more columns', factsText(['22\tt\tR\t\t\t\tmore']), 3, 'too many columns'],
  ])('refuses %s', (_, text, line, message) => {
    try {
      readFacts(text, 'x.facts');
      expect.fail('read without an error');
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      expect(error.code).toBe('registry-invalid');
      expect(error.message).toContain(message);
      expect(error.problems[0]?.position).toMatchObject({ file: 'x.facts', line });
    }
  });

  it('gives the same facts for every port as the CSV that it was written from', () => {
    const port = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1015, max: 1035 }), fc.integer({ min: 49140, max: 49170 }));
    const row: fc.Arbitrary<CsvRowParts> = fc.record({
      port: fc.tuple(port, fc.nat(20)).map(([first, length]) => (length < 10 ? `${first}` : `${first}-${first + length}`)),
      transport: fc.constantFrom('' as const, ...TRANSPORTS),
      service: fc.constantFrom('', '', 'a', 'b', 'c', 'Escale (Newton Dock)', 'whois++'),
      description: fc.constantFrom('Unassigned', 'Reserved', 'Removed', 'some use', 'Unassigned [was netstat]'),
      registered: fc.constantFrom('', '2001-01', '2001-01-01'),
      modified: fc.constantFrom('', '2002-02-02'),
      notes: fc.constantFrom('', 'De-Assigned on 2019-10-30', 'now historic'),
    });
    const ports = [...Array(70).keys(), ...Array.from({ length: 50 }, (_, index) => 1000 + index), ...Array.from({ length: 60 }, (_, index) => 49130 + index), 65535];
    fc.assert(
      fc.property(fc.array(row, { maxLength: 15 }), (rows) => {
        const csv = readRegistryCsv(registryCsv(rows), 'f.csv');
        const blocks = classifyPorts(csv, new Map());
        const fromCsv = registryOfBlocks({ source: 'f.csv', updated: csv.updated }, blocks);
        expect(allFacts(readFacts(writeFacts(csv.updated, blocks), 'f.facts'), ports)).toEqual(allFacts(fromCsv, ports));
      }),
      { seed: 1, numRuns: Math.min(numRuns, 1000) },
    );
  });

  it('reads any text behind the title or refuses it as registry-invalid', () => {
    const line = fc.oneof(fc.string(), fc.array(fc.constantFrom('22', '5-9', 't', 'tu', 'A', 'R', 'ssh', '', '2001-01', '-', '#'), { maxLength: 8 }).map((cells) => cells.join('\t')));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        try {
          const registry = readFacts(factsText(lines), 'x');
          expect(registry.lookup(22, 'tcp').range).toBe('system');
        } catch (error) {
          expect(error).toMatchObject({ code: 'registry-invalid' });
        }
      }),
      { seed: 1, numRuns },
    );
  });
});
