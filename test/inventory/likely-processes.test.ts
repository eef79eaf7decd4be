import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCgroupIndex } from '../../src/inventory/cgroup-index.ts';
import { listPids } from '../../src/inventory/holders.ts';
import { NOTHING_KNOWN, type Known } from '../../src/inventory/known.ts';
import { listLikely, listRelatives } from '../../src/inventory/likely-processes.ts';
import type { Listener } from '../../src/model/listener.ts';
import type { SocketRecord } from '../../src/model/socket.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
beforeEach(() => {
  fake = createFakeProc();
});
afterEach(() => {
  fake.dispose();
});

const socket = (port: number, facts: Partial<SocketRecord> = {}): SocketRecord => ({ protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port, interfaceIndex: 0, inode: port, uid: 5, cookie: BigInt(port), v6only: null, cgroupId: null, holder: null, ...facts });

/** All processes were there before, with as many descriptors as now, but for those named here. */
function knowing(holders: readonly (readonly [SocketRecord, number])[], { before = [] as readonly number[], others = new Map<number, number>() } = {}): Known {
  return {
    ...NOTHING_KNOWN,
    listeners: new Map(holders.map(([held], index) => [String(index), { key: String(index), sockets: [held], listener: {} as Listener, tries: 0, triedAt: 0 }])),
    holders: new Map(holders.map(([held, pid]) => [held.cookie ?? 0n, { holdings: [{ pid, link: '' }], complete: true }])),
    pids: new Set(before),
    walk: { ...NOTHING_KNOWN.walk, stamps: new Map([...before.map((pid) => [pid, statSync(join(fake.proc, String(pid), 'fd')).size] as const), ...others].map(([pid, descriptors]) => [pid, { descriptors, cpuTime: null }])) },
  };
}

describe('the order in which processes are asked', () => {
  it('is: named by an event, new, same cgroup, same port, other descriptors, same uid with listeners, same uid', () => {
    const uid = process.getuid?.() ?? 0;
    for (const pid of [10, 11, 12, 13, 14, 15, 16, 17]) fake.add({ pid, name: `p${pid}` });
    const cgroup = join(fake.root, 'cgroup/system.slice/a.service');
    mkdirSync(cgroup, { recursive: true });
    writeFileSync(join(cgroup, 'cgroup.procs'), '14\n');
    const cgroupId = statSync(cgroup, { bigint: true }).ino;
    const known = knowing([[socket(8080, { uid: 99 }), 13], [socket(9090, { uid }), 12], [socket(25, { uid: 98 }), 17]], { before: [10, 11, 12, 13, 14, 15, 17], others: new Map([[11, 1]]) });
    const order = [...listLikely(fake.proc, listPids(fake.proc), [socket(8080, { uid, cgroupId })], known, [15], createCgroupIndex([join(fake.root, 'cgroup')]))];
    expect(order).toEqual([15, 16, 14, 13, 11, 12, 10, 17]);
  });

  it('asks no one whose turn has not come', () => {
    fake.add({ pid: 10, name: 'p' });
    const first = listLikely(join(fake.root, 'no-such-proc'), [10], [socket(1)], knowing([]), [42], { processesOf: () => [] }).next();
    expect(first.value).toBe(42);
  });

  it('passes over a cgroup that everything is in', () => {
    const crowd = Array.from({ length: 100 }, (_, index) => 1000 + index);
    fake.add({ pid: 10, name: 'p' });
    const order = [...listLikely(fake.proc, listPids(fake.proc), [socket(1, { cgroupId: 1n })], knowing([]), [], { processesOf: () => crowd })];
    expect(order).toEqual([10]);
  });
});

describe('the relatives of a process', () => {
  it('are its parent, its children, and siblings of the same program', () => {
    fake.add({ pid: 10, name: 'master' });
    fake.add({ pid: 11, name: 'worker', parent: 10, exe: '/usr/sbin/w' });
    fake.add({ pid: 12, name: 'worker', parent: 10, exe: '/usr/sbin/w' });
    fake.add({ pid: 13, name: 'other', parent: 10, exe: '/usr/sbin/o' });
    fake.add({ pid: 14, name: 'child', parent: 11, exe: '/usr/sbin/c' });
    expect(listRelatives(fake.proc, 11)).toEqual([10, 14, 12]);
  });

  it('are not all children of the first process, nor more than a few of a crowd', () => {
    fake.add({ pid: 1, name: 'init' });
    fake.add({ pid: 11, name: 'daemon', parent: 1, exe: '/d' });
    fake.add({ pid: 12, name: 'daemon', parent: 1, exe: '/d' });
    expect(listRelatives(fake.proc, 11)).toEqual([1]);
    writeFileSync(join(fake.proc, '11/task/11/children'), Array.from({ length: 500 }, (_, index) => 100 + index).join(' '));
    expect(listRelatives(fake.proc, 11)).toHaveLength(64);
  });

  it('are none of a process that has left', () => {
    expect(listRelatives(fake.proc, 4242)).toEqual([]);
  });
});

describe('a cgroup by its id', () => {
  it('gives its processes, also when the folder was made after the first question', () => {
    const root = join(fake.root, 'cgroup');
    mkdirSync(root);
    const index = createCgroupIndex([root]);
    expect(index.processesOf(99_999_999n)).toEqual([]);
    mkdirSync(join(root, 'user.slice/a.scope'), { recursive: true });
    writeFileSync(join(root, 'user.slice/a.scope/cgroup.procs'), '7\n12\n');
    const id = statSync(join(root, 'user.slice/a.scope'), { bigint: true }).ino;
    expect(index.processesOf(id)).toEqual([7, 12]);
  });

  it('is nobody where the cgroup cannot be seen', () => {
    expect(createCgroupIndex([join(fake.root, 'nowhere')]).processesOf(1n)).toEqual([]);
  });
});
