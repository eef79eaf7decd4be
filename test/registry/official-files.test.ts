import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PortRegistry } from '../../src/model/registry.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { classifyPorts } from '../../src/registry/classify.ts';
import { compileSnapshot } from '../../src/registry/compile-snapshot.ts';
import { countStatuses } from '../../src/registry/export.ts';
import embeddedFacts from '../../src/registry/iana.facts';
import { loadEmbeddedRegistry, loadRegistryFile } from '../../src/registry/load.ts';
import { registryOfBlocks } from '../../src/registry/port-table.ts';
import { readFacts } from '../../src/registry/read-facts.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';

const DATES = ['2018-02-12', '2022-07-18', '2026-02-13'] as const;
const folder = resolve(process.env['PORTREEVE_REGISTRY_DIR'] ?? '../shared/registry');
const pathOf = (date: string): string => resolve(folder, `service-names-port-numbers.${date}.csv`);
const absent = !DATES.every((date) => existsSync(pathOf(date)));
const title = absent ? `the official files (skipped: not found in ${folder}; set PORTREEVE_REGISTRY_DIR)` : 'the official files';

/** Splits a CSV by another way than the product: one regular expression per cell. */
function splitCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.length > 1);
}

/** "status service-names" for each port and transport, in port order, painted port by port; from the rules, not from the code. */
function classifyByHand(text: string): string[] {
  const [header, ...rows] = splitCsv(text);
  const at = (row: readonly string[], name: string): string => row[header!.indexOf(name)]!;
  const words: string[][] = Array.from({ length: 65536 * 4 }, () => []);
  const names: Set<string>[] = Array.from({ length: 65536 * 4 }, () => new Set());
  for (const row of rows) {
    if (at(row, 'Port Number') === '') continue;
    const [first, last = first] = at(row, 'Port Number').split('-').map(Number);
    const description = at(row, 'Description').toLowerCase();
    const notes = at(row, 'Assignment Notes').toLowerCase().replaceAll(/\s+/g, ' ');
    const service = at(row, 'Service Name');
    const startsWith = (...starts: string[]): boolean => starts.some((start) => description.startsWith(start));
    let word = 'assigned';
    if (service === '') {
      if (startsWith('reserved')) word = ['de-assigned', 'de-registered', 'released by'].some((part) => notes.includes(part)) ? 'de-assigned' : 'reserved';
      else if (startsWith('de-registered', 'de-assigned', 'de-commissioned', 'decomissioned', 'deprecated', 'removed')) word = 'de-assigned';
      else if (startsWith('unassigned', '(unassigned')) word = 'unassigned';
    }
    for (let port = first!; port <= last!; port += 1) {
      TRANSPORTS.forEach((transport, index) => {
        if (at(row, 'Transport Protocol') !== '' && at(row, 'Transport Protocol') !== transport) return;
        words[port * 4 + index]!.push(word);
        if (service !== '') names[port * 4 + index]!.add(service);
      });
    }
  }
  return words.map((said, key) => {
    if (key >= 49152 * 4) return 'dynamic ';
    const status = ['assigned', 'reserved', 'de-assigned', 'unassigned'].find((word) => said.includes(word)) ?? 'unassigned';
    return `${status} ${[...names[key]!].sort().join(',')}`;
  });
}

function describePorts(registry: PortRegistry): string[] {
  const lines: string[] = [];
  for (let port = 0; port <= 65535; port += 1) {
    for (const transport of TRANSPORTS) {
      const { status, service, aliases } = registry.lookup(port, transport);
      lines.push(`${status} ${service === null ? '' : [service, ...aliases].sort().join(',')}`);
    }
  }
  return lines;
}

/** toEqual on 262,144 elements is slow to fail; this names the first that differ. */
function differences<T>(actual: readonly T[], expected: readonly T[]): unknown[] {
  expect(actual).toHaveLength(expected.length);
  return actual.flatMap((one, index) => (one === expected[index] ? [] : [{ port: Math.floor(index / 4), transport: TRANSPORTS[index % 4], one, expected: expected[index] }])).slice(0, 5);
}

describe.skipIf(absent)(title, () => {
  it.each(DATES)('%s: every port on every transport is as classified by hand, and the date is that of the file', async (date) => {
    const registry = await loadRegistryFile(pathOf(date));
    expect(registry.updated).toBe(date);
    expect(differences(describePorts(registry), classifyByHand(readFileSync(pathOf(date), 'utf8')))).toEqual([]);
  });

  it('2026-02-13: the counts', async () => {
    const registry = await loadRegistryFile(pathOf('2026-02-13'));
    expect(countStatuses(registry, 'tcp')).toEqual({ assigned: 6149, reserved: 235, 'de-assigned': 22, unassigned: 42746, dynamic: 16384 });
    expect(countStatuses(registry, 'udp')).toEqual({ assigned: 5755, reserved: 627, 'de-assigned': 20, unassigned: 42750, dynamic: 16384 });
  });

  it('compile to the embedded facts, byte for byte', () => {
    const [oldest, older, current] = DATES.map((date) => ({ name: date, content: readFileSync(pathOf(date)) }));
    expect(compileSnapshot(current!, [oldest!, older!]) === embeddedFacts).toBe(true);
  });

  it.each(DATES)('%s: compiled and loaded, every fact of every port is as in the CSV', (date) => {
    const content = readFileSync(pathOf(date));
    const csv = readRegistryCsv(content, date);
    const facts = (registry: PortRegistry): string[] => {
      const all: string[] = [];
      for (let port = 0; port <= 65535; port += 1) for (const transport of TRANSPORTS) all.push(JSON.stringify(registry.lookup(port, transport)));
      return all;
    };
    const direct = registryOfBlocks({ source: date, updated: csv.updated }, classifyPorts(csv, new Map()));
    expect(differences(facts(readFacts(compileSnapshot({ name: date, content }, []), date)), facts(direct))).toEqual([]);
  });

  it('2026-02-13: given as a file, has the same facts as the embedded snapshot, former names too', async () => {
    const [given, embedded] = [await loadRegistryFile(pathOf('2026-02-13')), loadEmbeddedRegistry()];
    const facts = (registry: PortRegistry): string[] => {
      const all: string[] = [];
      for (let port = 0; port < 49152; port += 1) for (const transport of TRANSPORTS) all.push(JSON.stringify(registry.lookup(port, transport)));
      return all;
    };
    expect(differences(facts(given), facts(embedded))).toEqual([]);
  });
});
