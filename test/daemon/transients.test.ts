import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTransients, type Opening } from '../../src/daemon/transients.ts';

const MS = 1_000_000n;
const opening = (fields: Partial<Opening> = {}): Opening => ({ protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 1302, thread: 7, caller: null, timestamp: 0n, ...fields });
const place = { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 1302 } as const;

describe('openings that no look shows', () => {
  it('are told with the time they lived', () => {
    const transients = createTransients();
    transients.opened(1n, opening());
    transients.closed(1n, 1302, 3n * MS);
    expect(transients.settle([], [], 5n * MS)).toMatchObject([{ port: 1302, thread: 7, livedMs: 3 }]);
    expect(transients.settle([], [], 5n * MS)).toEqual([]);
  });

  it('are told though another listener has the same address', () => {
    const transients = createTransients();
    transients.opened(1n, opening());
    transients.closed(1n, 1302, 1n * MS);
    expect(transients.settle([place], [], 2n * MS)).toHaveLength(1);
  });

  it('are not what a look has shown: from there they are no news, also when they close', () => {
    const transients = createTransients();
    transients.opened(1n, opening());
    expect(transients.settle([place], [], 1n * MS)).toEqual([]);
    transients.closed(1n, 1302, 9n * MS);
    expect(transients.settle([], [], 10n * MS)).toEqual([]);
  });

  it('are not what the look caught before it closed', () => {
    const transients = createTransients();
    for (const socket of [1n, 2n]) {
      transients.opened(socket, opening());
      transients.closed(socket, 1302, 3n * MS);
    }
    expect(transients.settle([place], [place], 2n * MS)).toHaveLength(1);
    transients.opened(3n, opening());
    transients.closed(3n, 1302, 4n * MS);
    expect(transients.settle([place], [place], 5n * MS)).toHaveLength(1);
  });

  it('are told once where one of two that opened in turn is in the look: the next look knows which', () => {
    for (const [appeared, told] of [[[place], []], [[], [{ thread: 1 }]]] as const) {
      const transients = createTransients();
      transients.opened(1n, opening({ thread: 1 }));
      transients.closed(1n, 1302, 3n * MS);
      transients.opened(2n, opening({ thread: 2, timestamp: 4n * MS }));
      expect(transients.settle([place], [place], 2n * MS)).toEqual([]);
      expect(transients.settle([place], appeared, 6n * MS)).toMatchObject(told);
    }
  });

  it('are told once each by looks and as passing, whenever they come, go, and are looked at', () => {
    const ADDRESSES = ['0.0.0.0', '127.0.0.1'];
    const life = fc.record({ address: fc.constantFrom(...ADDRESSES), before: fc.integer({ min: 1, max: 4 }), lives: fc.integer({ min: 1, max: 6 }), given: fc.boolean() });
    const look = fc.record({ after: fc.integer({ min: 1, max: 6 }), dumped: fc.integer({ min: 0, max: 3 }), heard: fc.integer({ min: 0, max: 3 }) });
    const timeline = fc.tuple(fc.array(life, { maxLength: 40 }), fc.array(look, { maxLength: 30 }));
    fc.assert(
      fc.property(timeline, ([lives, looks]) => {
        // One after the other at each address, in ticks. A port that the kernel gives out is hardly the same twice, and is told by the close.
        const free = new Map<string, number>();
        const sockets = lives.map(({ address, before, lives: ticks, given }, index) => {
          const opened = (free.get(address) ?? 0) + before;
          free.set(address, opened + ticks);
          return { socket: BigInt(index), address, opened, closed: opened + ticks, port: given ? 40_000 + index : 1302 };
        });
        const events = sockets.flatMap((each) => [{ at: each.opened, each, kind: 'open' }, { at: each.closed, each, kind: 'close' }]).sort((a, b) => a.at - b.at || (a.kind === 'close' ? -1 : 1));
        const transients = createTransients();
        let [told, heard, now] = [0, 0, 0];
        let before = new Set<bigint>();
        const hear = (until: number): void => {
          for (let event = events[heard]; event !== undefined && event.at <= until; event = events[heard]) {
            heard += 1;
            const { socket, address, opened, port } = event.each;
            if (event.kind === 'open') transients.opened(socket, opening({ address, port: port === 1302 ? port : null, timestamp: BigInt(opened) }));
            else transients.closed(socket, port, BigInt(event.at));
          }
        };
        const placeOf = ({ address, port }: { readonly address: string; readonly port: number }) => ({ ...place, address, port });
        const quiet = Math.max(0, ...free.values()) + 10;
        for (const { after, dumped, heard: late } of [...looks, { after: quiet, dumped: 0, heard: 0 }, { after: 1, dumped: 0, heard: 0 }]) {
          const begun = now + after;
          hear(begun);
          const shown = sockets.filter(({ opened, closed }) => opened <= begun + dumped && begun + dumped < closed);
          now = begun + dumped + late;
          hear(now);
          const appeared = shown.filter(({ socket }) => !before.has(socket));
          before = new Set(shown.map(({ socket }) => socket));
          told += appeared.length + transients.settle(shown.map(placeOf), appeared.map(placeOf), BigInt(begun)).length;
        }
        expect(told).toBe(sockets.length);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
    );
  });

  it('take the port from the close where the kernel picked it', () => {
    const transients = createTransients();
    transients.opened(1n, opening({ port: null }));
    transients.closed(1n, 40_123, 1n * MS);
    expect(transients.settle([], [], 2n * MS)).toMatchObject([{ port: 40_123 }]);
  });

  it('wait for their end a while, and are told without it then', () => {
    const transients = createTransients();
    transients.opened(1n, opening());
    expect(transients.settle([], [], 1n * MS)).toEqual([]);
    expect(transients.unexplained).toBe(1);
    expect(transients.settle([{ ...place, port: 80 }], [], 5_001n * MS)).toMatchObject([{ port: 1302, livedMs: null }]);
    expect(transients.unexplained).toBe(0);
  });

  it('are counted where they are too many to keep', () => {
    const transients = createTransients();
    for (let socket = 0n; socket < 10_007n; socket += 1n) transients.opened(socket, opening());
    expect(transients.takeOverflow()).toBe(7);
    expect(transients.takeOverflow()).toBe(0);
  });
});
