import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinReserved, rankPorts, type PortChoice } from '../../src/pass/suggest-ports.ts';
import { findOpenBlocks } from '../../src/registry/open-blocks.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';

const BLOCKS = [{ from: 2001, to: 2030 }, { from: 5001, to: 5299 }, { from: 40_001, to: 40_299 }];
const ports = (choice: Partial<PortChoice> = {}): number[] => rankPorts({ blocks: BLOCKS, taken: [], ephemeral: [32_768, 60_999], near: null, seed: 'a', ...choice }).map(({ port }) => port);

describe('rankPorts', () => {
  it('offers the middle of large blocks first, and what lies in the ephemeral range last', () => {
    const ranked = ports();
    // 5051-5249, without 5100 and 5200.
    const roomy = ranked.slice(0, 197);
    for (const port of roomy) expect(port).toBeGreaterThanOrEqual(5051);
    for (const port of roomy) expect(port).toBeLessThanOrEqual(5249);
    expect(ranked.findIndex((port) => port > 32_767)).toBe(ranked.filter((port) => port <= 32_767).length);
  });

  it('offers no port that is taken, and no round number', () => {
    const ranked = ports({ taken: [[5001, 5150], [5160, 5160]] });
    expect(ranked.some((port) => port <= 5150 && port > 5000)).toBe(false);
    expect(ranked).not.toContain(5160);
    expect(ports()).not.toContain(5100);
    expect(ports()).toContain(5101);
  });

  it('gives the same for a seed, and something else for another', () => {
    expect(ports()).toEqual(ports());
    const firsts = new Set(Array.from({ length: 50 }, (_, index) => ports({ seed: `host${index}` })[0]));
    expect(firsts.size).toBeGreaterThan(35);
  });

  it('keeps its order when one of its ports is taken', () => {
    const [first = 0, ...others] = ports();
    expect(ports({ taken: [[first, first]] })).toEqual(others);
  });

  it('goes by distance from a port, whatever the seed', () => {
    expect(ports({ near: 2010 }).slice(0, 3)).toEqual([2010, 2009, 2011]);
    expect(ports({ near: 45_000 })[0]).toBe(5299);
  });

  it('has all ports of the blocks that are neither taken nor round, each once', () => {
    const span = fc.tuple(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 500 })).map(([from, size]) => [from, Math.min(from + size, 65_535)] as const);
    fc.assert(
      fc.property(fc.array(span, { maxLength: 20 }), fc.string(), fc.option(fc.integer({ min: 0, max: 65_535 })), (taken, seed, near) => {
        const isFree = (port: number): boolean => port % 100 !== 0 && !taken.some(([from, to]) => port >= from && port <= to);
        const expected = BLOCKS.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index)).filter(isFree);
        expect(ports({ taken, seed, near }).sort((one, other) => one - other)).toEqual(expected);
      }),
      { seed: 1, numRuns: 50 },
    );
  });
});

describe('joinReserved', () => {
  it('adds to what is reserved, and joins neighbours', () => {
    expect(joinReserved([[8080, 8080], [9148, 9150]], [9151, 61_234])).toBe('8080,9148-9151,61234');
    expect(joinReserved([], [61_234])).toBe('61234');
    expect(joinReserved([[1, 10]], [5])).toBe('1-10');
  });
});

describe('findOpenBlocks', () => {
  it('has user ports that are nobody\'s on any transport, and never were', () => {
    const registry = loadEmbeddedRegistry();
    const blocks = findOpenBlocks(registry, ['tcp', 'udp']);
    expect(blocks).toContainEqual({ from: 10_262, to: 10_287 });
    expect(blocks.some(({ from, to }) => from <= 1302 && to >= 1302)).toBe(false);
    expect(blocks[0]?.from).toBeGreaterThanOrEqual(1024);
    expect(blocks.at(-1)?.to).toBeLessThan(49_152);
    for (const { from, to } of blocks) {
      for (let port = from; port <= to; port += 1) {
        expect(['tcp', 'udp'].map((transport) => registry.lookup(port, transport as 'tcp').status)).toEqual(['unassigned', 'unassigned']);
      }
    }
  });
});
