import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHolders, NOTHING_FOUND, type HolderSearch } from '../../src/inventory/holders.ts';
import { createProcessStamps, isIdle, type ProcessStamp } from '../../src/inventory/process-stamp.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

const SHARED = 500;
const OWN = 501;

let fake: FakeProc;
let stamps: Map<number, ProcessStamp>;
/** By pid: descriptor and inode of each socket. */
let held: Map<number, readonly (readonly [number, number])[]>;
/** Whose descriptors each search has read. */
let read: number[];

beforeEach(() => {
  fake = createFakeProc();
  fake.add({ pid: 20, name: 'parent', sockets: [SHARED, OWN] });
  fake.add({ pid: 21, name: 'child', sockets: [SHARED] });
  held = new Map([[20, [[3, SHARED], [4, OWN]]], [21, [[3, SHARED]]]]);
  stamps = new Map([20, 21].map((pid) => [pid, { descriptors: 3, cpuTime: pid * 1000 }]));
});
afterEach(() => {
  fake.dispose();
});

async function search(before: HolderSearch, wanted: readonly number[] = [SHARED, OWN], forbidden: readonly number[] = []): Promise<HolderSearch> {
  read = [];
  const readLinks = function* (folder: string, take: (descriptor: number, inode: number) => void): Generator<undefined, boolean> {
    const pid = Number(/\/(\d+)\/fd$/.exec(folder)?.[1]);
    read.push(pid);
    yield;
    if (forbidden.includes(pid)) return false;
    for (const [descriptor, inode] of held.get(pid) ?? []) take(descriptor, inode);
    return true;
  };
  return findHolders({ proc: fake.proc, readLinks, stamp: (pid) => stamps.get(pid) ?? null }, new Set(wanted), { before });
}

const pidsOf = ({ holders }: HolderSearch, inode: number): readonly number[] | undefined => holders.get(inode)?.map(({ pid }) => pid);

describe('a search that knows an earlier one', () => {
  it('takes over what processes held that did not run since, and gives the same holders again', async () => {
    const first = await search(NOTHING_FOUND);
    expect(read).toEqual([20, 21]);
    const second = await search(first);
    expect(read).toEqual([]);
    expect(second.holders).toBe(first.holders);
    expect([...second.idle]).toEqual([20, 21]);
    expect(pidsOf(await search(second), SHARED)).toEqual([20, 21]);
  });

  it.each([
    ['ran', { descriptors: 3, cpuTime: 21_001 }],
    ['has another number of descriptors, by whoever shares them', { descriptors: 4, cpuTime: 21_000 }],
    ['does not tell what it has used of the CPU', { descriptors: 3, cpuTime: null }],
  ])('reads a process again that %s', async (_what, stamp) => {
    const first = await search(NOTHING_FOUND);
    stamps.set(21, stamp);
    const second = await search(first);
    expect(read).toEqual([21]);
    expect([...second.idle]).toEqual([20]);
    expect(second.stamps.get(21)).toEqual(stamp);
  });

  it('reads all again for a socket that was not wanted before: one who slept may have held it all along', async () => {
    const first = await search(NOTHING_FOUND, [OWN]);
    const second = await search(first, [OWN, SHARED]);
    expect(read).toEqual([20, 21]);
    expect(pidsOf(second, SHARED)).toEqual([20, 21]);
  });

  it('names no holders of a socket that is not wanted any more', async () => {
    const second = await search(await search(NOTHING_FOUND), [OWN]);
    expect(read).toEqual([]);
    expect([...second.holders.keys()]).toEqual([OWN]);
  });

  it('asks each time for what may not be read', async () => {
    const first = await search(NOTHING_FOUND, [SHARED], [21]);
    expect(first.unreadable).toEqual([21]);
    const second = await search(first, [SHARED], [21]);
    expect(read).toEqual([21]);
    expect(second.unreadable).toEqual([21]);
  });

  it('takes over more sockets of one process than a call takes arguments', async () => {
    const inodes = Array.from({ length: 60_000 }, (_, index) => 1000 + index);
    const trail = inodes.flatMap((inode) => [0, 3, inode]);
    const before = { ...NOTHING_FOUND, trails: new Map([[20, trail]]), wanted: new Set(inodes), stamps: new Map([[20, { descriptors: 3, cpuTime: 20_000 }]]) };
    const second = await search(before, inodes);
    expect(read).toEqual([21]);
    expect(second.trails).toEqual(new Map([[20, trail]]));
    expect((await search(second, inodes.slice(1))).holders.size, 'and as many of which one less is wanted').toBe(59_999);
  });

  it('gives the holders anew where one who ran holds another socket now, or holds the same by another descriptor', async () => {
    const first = await search(NOTHING_FOUND);
    held.set(21, [[3, OWN]]);
    stamps.set(21, { descriptors: 3, cpuTime: 21_001 });
    const second = await search(first);
    expect(second.holders).not.toBe(first.holders);
    expect([pidsOf(second, SHARED), pidsOf(second, OWN)]).toEqual([[20], [20, 21]]);
    held.set(21, [[4, OWN]]);
    stamps.set(21, { descriptors: 3, cpuTime: 21_002 });
    const third = await search(second);
    expect(read).toEqual([21]);
    expect(third.holders.get(OWN)?.[1]?.link).toBe(`${fake.proc}/21/fd/4`);
    expect((await search(third)).holders).toBe(third.holders);
  });

  it('forgets who has left', async () => {
    const first = await search(NOTHING_FOUND);
    fake.remove(20);
    const second = await search(first);
    expect(pidsOf(second, SHARED)).toEqual([21]);
    expect(second.holders.has(OWN)).toBe(false);
  });
});

describe('the stamp of a process', () => {
  it('has the size of its folder of descriptors, and no CPU time where that cannot be read', () => {
    const stamp = createProcessStamps(fake.proc);
    expect(stamp(20)).toEqual({ descriptors: expect.any(Number) as number, cpuTime: null });
    expect(createProcessStamps(fake.proc, () => 7)(20)).toMatchObject({ cpuTime: 7 });
    expect(stamp(99)).toBeNull();
  });

  it('says of a process that was not seen before that it may have run', () => {
    expect(isIdle(undefined, { descriptors: 1, cpuTime: 1 })).toBe(false);
    expect(isIdle({ descriptors: 1, cpuTime: 1 }, { descriptors: 1, cpuTime: 1 })).toBe(true);
  });
});
