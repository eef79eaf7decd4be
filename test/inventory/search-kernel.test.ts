import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findHolders } from '../../src/inventory/holders.ts';
import { createOwnerReader } from '../../src/inventory/name-owners.ts';
import { gapsOf, listenersOf, takeInventory } from '../../src/inventory/take-inventory.ts';
import type { Gap } from '../../src/model/coverage.ts';
import type { Listener } from '../../src/model/listener.ts';
import type { KernelHolding } from '../../src/model/socket-holders.ts';
import type { SocketRecord } from '../../src/model/socket.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
beforeEach(() => {
  fake = createFakeProc();
});
afterEach(() => {
  fake.dispose();
});

const INODE = 2302;
const LISTENER: SocketRecord = { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port: 1302, interfaceIndex: 0, inode: INODE, uid: 0, cookie: null, v6only: null, cgroupId: null, holder: null };
const held = (pid: number, facts: Partial<KernelHolding> = {}): KernelHolding => ({ inode: INODE, pid, thread: pid, descriptor: 3, name: `k${pid}`, ...facts });

/** An inventory where the kernel, asked for the first time, the second and so on, gives these answers, and the last one from then on. */
async function take(answers: readonly (readonly KernelHolding[] | null)[], { sockets = [LISTENER], between = () => undefined }: { sockets?: readonly SocketRecord[]; between?: () => void } = {}): Promise<{ readonly listeners: readonly Listener[]; readonly gaps: readonly Gap[]; readonly asked: number }> {
  let asked = 0;
  const askKernel = (wanted: ReadonlySet<number>) => {
    const answer = answers[Math.min(asked, answers.length - 1)] ?? null;
    asked += 1;
    return Promise.resolve(answer?.filter(({ inode }) => wanted.has(inode)) ?? null);
  };
  const secondLook = { readAgain: () => Promise.resolve(sockets), kernelServices: () => { between(); return Promise.resolve([]); } };
  const { known } = await takeInventory(
    [{ namespace: { inode: 7, name: 'host' }, dump: { sockets, gaps: [] } }],
    { proc: fake.proc, passwd: join(fake.root, 'passwd'), cgroupRoots: [], unitFolders: [], askKernel },
    secondLook,
  );
  return { listeners: listenersOf(known), gaps: gapsOf(known), asked };
}

describe('a holder that the kernel names', () => {
  it('is an owner as /proc describes it, and no other process is looked into', async () => {
    fake.add({ pid: 20, name: 'licd', exe: '/opt/licd', sockets: [INODE] });
    fake.add({ pid: 21, name: 'bystander', sockets: [INODE] });
    const { listeners, gaps, asked } = await take([[held(20)]]);
    expect(listeners).toMatchObject([{ ownerKind: 'process', owners: [{ pid: 20, name: 'licd', exe: '/opt/licd' }], ownerNote: null }]);
    expect({ gaps, asked }).toEqual({ gaps: [], asked: 1 });
  });

  it('may be one of several, and each is named once however many of its descriptors lead there', async () => {
    for (const pid of [20, 900]) fake.add({ pid, name: `w${pid}`, sockets: [INODE, INODE] });
    const { listeners } = await take([[held(20), held(20, { descriptor: 4 }), held(900)]]);
    expect(listeners[0]?.owners.map(({ pid }) => pid)).toEqual([20, 900]);
  });

  it('may be a thread with a table of its own: the process is the owner', async () => {
    fake.add({ pid: 50, name: 'threaded', threadSockets: [INODE] });
    expect((await take([[held(50, { thread: 51 })]])).listeners).toMatchObject([{ owners: [{ pid: 50, name: 'threaded' }], ownerNote: null }]);
  });

  it('is no owner where its pid is another process by now', async () => {
    fake.add({ pid: 20, name: 'successor', sockets: [77] });
    expect((await take([[held(20)], []])).listeners).toMatchObject([{ ownerKind: 'unknown', owners: [], ownerNote: { code: 'no-holder' } }]);
  });

  it('is no owner where it has left', async () => {
    expect((await take([[held(20)], []])).listeners).toMatchObject([{ ownerKind: 'unknown', ownerNote: { code: 'no-holder' } }]);
  });

  it('is an owner too where it moves the socket to another number all the time', async () => {
    fake.add({ pid: 20, name: 'mover' });
    const answers = [[held(20)], [held(20, { descriptor: 4 })]];
    expect((await take(answers)).listeners).toMatchObject([{ ownerKind: 'process', owners: [{ pid: 20, name: 'mover', exe: '/usr/sbin/mover' }], ownerNote: null }]);
    const missed = await take([[held(20)], [], [], [held(20, { descriptor: 4 })]]);
    expect(missed).toMatchObject({ asked: 4, listeners: [{ owners: [{ pid: 20, name: 'mover' }], ownerNote: null }] });
    const between = () => { fake.remove(20); fake.add({ pid: 20, name: 'successor', startTicks: 900 }); };
    expect((await take(answers, { between })).listeners).toMatchObject([{ ownerKind: 'unknown', owners: [], ownerNote: { code: 'no-holder' } }]);
  });

  it('is known by pid and name where it runs one program after the other, too fast to be read', () => {
    fake.add({ pid: 20, name: 'restless', sockets: [INODE] });
    const owners = createOwnerReader(fake.proc, { readOwner: () => null, isStill: () => false });
    const holding = { pid: 20, link: `${fake.proc}/20/fd/3`, name: 'k20' };
    expect(owners.confirm(holding, INODE)).toMatchObject({ owner: { pid: 20, name: 'k20', exe: null }, isConcealed: false });
  });

  it('is found the second time where the socket changed hands in between', async () => {
    fake.add({ pid: 20, name: 'first' });
    const between = () => { fake.add({ pid: 30, name: 'second', sockets: [INODE] }); };
    const { listeners, asked } = await take([[held(20)], [held(30)]], { between });
    expect(listeners).toMatchObject([{ owners: [{ pid: 30, name: 'second' }], ownerNote: null }]);
    expect(asked).toBe(2);
  });
});

describe('where the kernel does not answer', () => {
  it('one descriptor of each process and socket is kept, however many there are', async () => {
    for (const pid of [20, 21]) fake.add({ pid, name: `w${pid}`, sockets: [INODE, 5, INODE, 5, INODE] });
    const { trails } = await findHolders({ proc: fake.proc }, new Set([INODE, 5]));
    expect([...trails.keys()]).toEqual([20, 21]);
    for (const trail of trails.values()) expect(trail.filter((_, index) => index % 3 !== 1)).toEqual([0, INODE, 0, 5]);
  });

  it('all processes are looked into', async () => {
    fake.add({ pid: 20, name: 'licd', sockets: [INODE] });
    expect((await take([null])).listeners).toMatchObject([{ owners: [{ pid: 20 }] }]);
  });

  it('or knows of no holder, all threads of all processes are looked into before that is believed', async () => {
    fake.add({ pid: 50, name: 'threaded', threadSockets: [INODE] });
    expect((await take([[]])).listeners).toMatchObject([{ owners: [{ pid: 50 }], ownerNote: null }]);
  });

  it('processes that may not be read are a gap, and not where it does', async () => {
    fake.add({ pid: 80, name: 'closed', sockets: [INODE] });
    chmodSync(join(fake.proc, '80/fd'), 0);
    expect((await fake.withoutPrivilege(() => take([null]))).gaps.map(({ code }) => code)).toEqual(['processes-unreadable', 'owners-unknown']);
    const { listeners, gaps } = await fake.withoutPrivilege(() => take([[held(80)]]));
    expect(listeners).toMatchObject([{ ownerKind: 'process', owners: [{ pid: 80, name: 'closed', exe: '/usr/sbin/closed' }], ownerNote: null }]);
    expect(gaps).toEqual([]);
  });
});

describe('a holder that /proc does not show', () => {
  const CONCEALED = { ownerKind: 'process', owners: [{ pid: 20, name: 'k20', exe: null, uid: null, startedAt: null }], ownerNote: { code: 'concealed' } };

  it('is known by pid and name, since the kernel names it before and after', async () => {
    const { listeners, gaps } = await take([[held(20)]]);
    expect(listeners).toMatchObject([CONCEALED]);
    expect(listeners[0]?.ownerNote?.detail).toBe(`the kernel says that k20[20] holds it, which ${fake.proc} does not show: something is mounted over its folder, or hides it otherwise`);
    expect(gaps).toEqual([]);
  });

  it('is so too where its folder shows another process, or none of its descriptors', async () => {
    fake.add({ pid: 20, name: 'sshd', exe: '/usr/sbin/sshd' });
    expect((await take([[held(20)]])).listeners).toMatchObject([CONCEALED]);
  });

  it('is not taken to be the process whose folder lies over its own and may not be read', async () => {
    fake.add({ pid: 20, name: 'sshd', exe: '/usr/sbin/sshd', sockets: [5] });
    writeFileSync(join(fake.proc, '20/stat'), `1 (sshd) S 0 0 0 0 0 0 ${'0 '.repeat(12)}100 0 0\n`);
    chmodSync(join(fake.proc, '20/fd'), 0);
    expect((await fake.withoutPrivilege(() => take([[held(20)]]))).listeners).toMatchObject([CONCEALED]);
  });

  it('is not what forged files in place of its folder say, though one leads to the socket', async () => {
    fake.add({ pid: 20, name: 'sshd', exe: '/usr/sbin/sshd', sockets: [INODE] });
    writeFileSync(join(fake.proc, '20/stat'), `1 (sshd) S 0 0 0 0 0 0 ${'0 '.repeat(12)}100 0 0\n`);
    expect((await take([[held(20)]])).listeners).toMatchObject([CONCEALED]);
    expect((await take([null])).listeners).toMatchObject([{ ownerKind: 'unknown', owners: [] }]);
  });

  it('is not made up of two descriptors that came and went', async () => {
    const { listeners } = await take([[held(20)], [held(20, { descriptor: 4 })]]);
    expect(listeners).toMatchObject([{ ownerKind: 'unknown', owners: [], ownerNote: { code: 'no-holder' } }]);
  });

  it('is not made up of one look, for a socket with several addresses', async () => {
    const sockets = ['10.0.0.1', '10.0.0.2'].map((address): SocketRecord => ({ ...LISTENER, protocol: 'sctp', address }));
    const { listeners } = await take([[held(20)], []], { sockets });
    expect(listeners.map(({ ownerNote }) => ownerNote?.code)).toEqual(['no-holder', 'no-holder']);
  });

  it('is found beside one that is shown and shares the socket with it', async () => {
    fake.add({ pid: 10, name: 'nginx', sockets: [INODE] });
    const { listeners, asked } = await take([[held(10), held(20)]]);
    expect(listeners).toMatchObject([{ owners: [{ pid: 10, name: 'nginx' }, { pid: 20, name: 'k20', exe: null }], ownerNote: { code: 'concealed' } }]);
    expect(listeners[0]?.ownerNote?.detail).toContain('k20[20] holds it');
    expect(asked).toBe(2);
  });

  it('is not found beside one that is shown where it has left', async () => {
    fake.add({ pid: 10, name: 'nginx', sockets: [INODE] });
    expect((await take([[held(10), held(20)], [held(10)]])).listeners).toMatchObject([{ owners: [{ pid: 10 }], ownerNote: null }]);
  });

  it('stands beside owners that are shown, and beside what nobody holds', async () => {
    fake.add({ pid: 10, name: 'nginx', sockets: [1] });
    const siblings = [1, INODE, 3].map((inode) => ({ ...LISTENER, inode }));
    const { listeners } = await take([[held(10, { inode: 1 }), held(20)]], { sockets: siblings });
    expect(listeners).toMatchObject([{ owners: [{ pid: 10, name: 'nginx' }, { pid: 20, name: 'k20', exe: null }], ownerNote: { code: 'concealed' } }]);
    expect(listeners[0]?.ownerNote?.detail).toMatch(/of 3 sockets that share the port, 1 without an owner: .*k20\[20\].*every process was looked into/);
  });

  it('is what hidepid makes it where /proc is mounted so, which is a want of privilege', async () => {
    writeFileSync(join(fake.proc, 'self/mountinfo'), `24 30 0:22 / ${fake.proc} rw - proc proc rw,hidepid=invisible\n`);
    const { listeners, gaps } = await take([[held(20)]]);
    expect(listeners).toMatchObject([{ ...CONCEALED, ownerNote: { code: 'no-privilege' } }]);
    expect(listeners[0]?.ownerNote?.detail).toContain('hidepid');
    expect(gaps.map(({ code }) => code)).toEqual(['processes-hidden', 'owners-unknown']);
  });
});
