import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type PortFacts, type PortRegistry, TRANSPORTS } from '../../src/model/registry.ts';
import embeddedFacts from '../../src/registry/iana.facts';
import { openFacts, readFacts } from '../../src/registry/read-facts.ts';

const askAll = (registry: PortRegistry, port: number): PortFacts[] => TRANSPORTS.map((transport) => registry.lookup(port, transport));

describe('a look-up', () => {
  it('answers the same by search and by table, for every port', () => {
    const indexed = openFacts(embeddedFacts, 'x');
    for (let port = 0; port < 1000; port += 1) indexed.lookup(port, 'tcp');
    for (let port = 0; port <= 65_535; ) {
      // Each of these finds by search whatever it finds.
      const searching = openFacts(embeddedFacts, 'x');
      for (let asked = 0; asked < 20 && port <= 65_535; asked += 1, port += 1) {
        for (const transport of TRANSPORTS) if (searching.lookup(port, transport) !== indexed.lookup(port, transport)) expect(searching.lookup(port, transport)).toEqual(indexed.lookup(port, transport));
      }
    }
  });

  it('answers every question as the first time, with the same objects', () => {
    const registry = openFacts(embeddedFacts, 'x');
    const asked = [0, 22, 80, 1302, 10_276, 49_151, 49_152, 65_535];
    const early = asked.map((port) => askAll(registry, port));
    for (let port = 0; port <= 65_535; port += 1) registry.lookup(port, 'udp');
    asked.forEach((port, index) => {
      askAll(registry, port).forEach((facts, transport) => { expect(facts).toBe(early[index]?.[transport]); });
    });
  });

  it('goes over from search to table without a question that is answered by other objects later', () => {
    const registry = openFacts(embeddedFacts, 'x');
    const listed = embeddedFacts.split('\n').filter((line) => /^\d+\tt/.test(line)).map((line) => Number.parseInt(line, 10)).slice(0, 300);
    const early = listed.map((port) => registry.lookup(port, 'tcp'));
    expect(new Set(early).size).toBe(300);
    listed.forEach((port, index) => { expect(registry.lookup(port, 'tcp')).toBe(early[index]); });
  });

  it('gives one object to ports and transports that share a line', () => {
    const registry = openFacts(embeddedFacts, 'x');
    for (const way of ['by search', 'by table']) {
      expect(registry.lookup(225, 'tcp'), way).toBe(registry.lookup(241, 'dccp'));
      expect(registry.lookup(22, 'sctp'), way).toBe(registry.lookup(22, 'tcp'));
      for (let port = 0; port <= 65_535; port += 1) registry.lookup(port, 'udp');
    }
  });

  it('knows ports without a row, in facts that have none at all', () => {
    const registry = readFacts('# portreeve registry facts, format 1\n# snapshot 2026-02-13\n# end 0\n', 'x');
    const say = (): string[] => [0, 1023, 1024, 49_151, 49_152, 65_535].map((port) => `${registry.lookup(port, 'dccp').range} ${registry.lookup(port, 'tcp').status}`);
    const ranges = ['system unassigned', 'system unassigned', 'user unassigned', 'user unassigned', 'dynamic dynamic', 'dynamic dynamic'];
    for (let round = 0; round < 20; round += 1) expect(say()).toEqual(ranges);
  });

  it('refuses what is no port, early and late', () => {
    const registry = openFacts(embeddedFacts, 'x');
    for (let round = 0; round < 200; round += 1) for (const port of [-1, 65_536, 1.5, Number.NaN]) expect(() => registry.lookup(port, 'tcp')).toThrow(RangeError);
    for (let port = 0; port <= 300; port += 1) registry.lookup(port, 'tcp');
    for (const port of [-1, 65_536, 1.5, Number.NaN]) expect(() => registry.lookup(port, 'tcp')).toThrow(RangeError);
  });

  it('allocates nothing for a port that was asked for before', async () => {
    const registry = openFacts(embeddedFacts, 'x');
    const walk = (): void => {
      for (let port = 0; port <= 65_535; port += 1) {
        registry.lookup(port, 'tcp');
        registry.lookup(port, 'sctp');
      }
    };
    for (let round = 0; round < 20; round += 1) walk();

    const collections: PerformanceEntry[] = [];
    const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()));
    observer.observe({ entryTypes: ['gc'] });
    const start = performance.now();
    for (let round = 0; round < 200; round += 1) walk();
    const end = performance.now();
    // What is observed is told in a turn of its own.
    for (let turn = 0; turn < 10; turn += 1) await setImmediate();
    observer.disconnect();
    // The smallest object has 16 bytes: 26 million of them would be 420 MB, and a young generation has at most 16.
    expect(collections.filter(({ startTime }) => startTime >= start && startTime <= end).length).toBeLessThan(10);
  });
});
