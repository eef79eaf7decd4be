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
