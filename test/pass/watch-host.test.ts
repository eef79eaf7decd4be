import { linkSync, mkdirSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/model/clock.ts';
import type { Gap } from '../../src/model/coverage.ts';
import { PortreeveError } from '../../src/model/errors.ts';
import type { KernelService, SocketDump, SocketRecord, SocketSource } from '../../src/model/socket.ts';
import { createHostWatcher, type HostWatcher, type Look } from '../../src/pass/watch-host.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
let host: FakeHost;
let watcher: HostWatcher;
let now = 0;
const clock: Clock = { now: () => new Date(now), steady: () => now };

/** A host whose sockets a test opens and closes; a dump is the same object as long as nothing changes. */
interface FakeHost extends SocketSource {
  readonly dumps: Map<string | undefined, SocketDump>;
  services: readonly KernelService[];
  fault: Error | null;
  onDump: () => void;
  set(sockets: readonly SocketRecord[], gaps?: readonly Gap[], path?: string): void;
}

function createFakeHost(): FakeHost {
  const dumps = new Map<string | undefined, SocketDump>([[undefined, { sockets: [], gaps: [] }]]);
  const self: FakeHost = {
    name: 'netlink',
    dumps,
    services: [],
    fault: null,
    onDump: () => undefined,
    set(sockets, gaps = [], path?) {
      dumps.set(path, { sockets, gaps });
    },
    dump(path) {
      self.onDump();
      const dump = dumps.get(path);
      if (self.fault !== null) return Promise.reject(self.fault);
      return dump === undefined ? Promise.reject(new PortreeveError('source-unsupported', 'no such namespace')) : Promise.resolve(dump);
    },
    dumpOwn() {
      self.onDump();
      if (self.fault !== null) throw self.fault;
      return dumps.get(undefined) ?? { sockets: [], gaps: [] };
    },
    kernelServices: () => Promise.resolve(self.services),
  };
  return self;
}

/** The socket of a port: its cookie and inode hang on the port and on how often it was opened. */
function socket(port: number, facts: Partial<SocketRecord> & { readonly time?: number } = {}): SocketRecord {
  const { time = 0, ...rest } = facts;
  const inode = 10_000 * (time + 1) + port;
  return { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', port, interfaceIndex: 0, inode, uid: 0, cookie: BigInt(inode) * 7n, v6only: null, cgroupId: null, holder: null, ...rest };
}
const inodeOf = (port: number, time = 0) => 10_000 * (time + 1) + port;

beforeEach(() => {
  now = 1_000_000;
  fake = createFakeProc();
  writeFileSync(join(fake.root, 'passwd'), 'root:x:0:0::/root:/bin/sh\n');
  mkdirSync(join(fake.root, 'netns'));
  host = createFakeHost();
  watcher = createHostWatcher({
    source: null,
    clock,
    sources: [host],
    paths: { proc: fake.proc, passwd: join(fake.root, 'passwd'), cgroupRoots: [join(fake.root, 'cgroup')], unitFolders: [join(fake.root, 'units')], netns: join(fake.root, 'netns') },
  });
  fake.add({ pid: 1, name: 'init' });
});
afterEach(() => {
  watcher.close();
  fake.dispose();
});

const owners = ({ listeners }: Look) => Object.fromEntries(listeners.map(({ port, owners: held }) => [port, held.map(({ pid }) => pid)])) as Readonly<Record<number, readonly number[]>>;
const looks = async (count: number): Promise<Look> => {
  let look = await watcher.look();
  for (let index = 1; index < count; index += 1) look = await watcher.look();
  return look;
};
const hold = (pid: number, fd: number, inode: number) => {
  symlinkSync(`socket:[${inode}]`, join(fake.proc, `${pid}/fd/${fd}`));
};

describe('a look', () => {
  it('is a sweep where there was none', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    const look = await watcher.look();
    expect(look).toMatchObject({ changed: true, source: 'netlink', gaps: [], listeners: [{ port: 80, owners: [{ pid: 20, name: 'web' }] }] });
    expect(look.appeared).toEqual(look.listeners);
    expect(look.listeners[0]).not.toHaveProperty('ownersComplete');
  });

  it('gives the very same listeners where nothing changed', async () => {
    host.set([socket(80)]);
    const sweep = await watcher.sweep();
    const look = await watcher.look();
    expect(look).toMatchObject({ changed: false, appeared: [], vanished: [] });
    expect(look.listeners).toBe(sweep.listeners);
  });

  it('looks up a new listener alone, and keeps the other as it was, object and all', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    const [web] = (await watcher.sweep()).listeners;
    fake.add({ pid: 30, name: 'new', sockets: [inodeOf(1302)] });
    host.set([socket(80), socket(1302)]);
    const look = await watcher.look();
    expect(look.listeners[0]).toBe(web);
    expect(look.appeared).toMatchObject([{ port: 1302, owners: [{ pid: 30 }], ownersComplete: false }]);
    expect(look).toMatchObject({ changed: true, vanished: [] });
  });

  it('tells what vanished, as it was last seen, and a restart as both', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80), inodeOf(81)] });
    host.set([socket(80), socket(81)]);
    await watcher.sweep();
    fake.remove(20);
    fake.add({ pid: 21, name: 'web', sockets: [inodeOf(80, 1)] });
    host.set([socket(80, { time: 1 })]);
    const look = await watcher.look();
    expect(look.appeared).toMatchObject([{ port: 80, owners: [{ pid: 21 }] }]);
    expect(look.vanished).toMatchObject([{ port: 80, owners: [{ pid: 20 }] }, { port: 81, owners: [{ pid: 20 }] }]);
  });

  it('sees another address, a sibling on the same port, and another place in the list', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80), inodeOf(80, 1)] });
    host.set([socket(80), socket(53)]);
    await watcher.sweep();
    host.set([socket(80, { address: '10.0.0.1' }), socket(53)]);
    expect((await watcher.look()).listeners).toMatchObject([{ address: '10.0.0.1', owners: [{ pid: 20 }] }, { port: 53 }]);
    host.set([socket(80, { address: '10.0.0.1' }), socket(80, { address: '10.0.0.1', time: 1 }), socket(53)]);
    const look = await watcher.look();
    expect(look).toMatchObject({ changed: true, appeared: [], vanished: [], listeners: [{ sockets: 2, owners: [{ pid: 20 }] }, { port: 53 }] });
  });

  it('leaves everything as it was when it fails, and the next one goes on', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    const { listeners } = await watcher.sweep();
    host.fault = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', syscall: 'open' });
    await expect(watcher.look()).rejects.toMatchObject({ name: 'PortreeveError', code: 'source-failed' });
    await expect(watcher.sweep()).rejects.toMatchObject({ code: 'source-failed' });
    host.fault = null;
    expect(await watcher.look()).toMatchObject({ changed: false, listeners });
  });

  it('takes a record by what it says where the source makes new ones each time', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    const again = () => {
      host.set([socket(80, { cookie: null })]);
    };
    again();
    const { listeners } = await watcher.sweep();
    again();
    const look = await watcher.look();
    expect(look).toMatchObject({ changed: false });
    expect(look.listeners[0]).toBe(listeners[0]);
  });
});

describe('the owner of a new listener', () => {
  beforeEach(async () => {
    fake.add({ pid: 20, name: 'web', uid: 33, sockets: [inodeOf(80)] });
    fake.add({ pid: 21, name: 'old', uid: 7 });
    host.set([socket(80, { uid: 33 })]);
    await watcher.sweep();
  });

  it('is found in a process that was there before, whatever its uid', async () => {
    hold(21, 9, inodeOf(25));
    host.set([socket(80, { uid: 33 }), socket(25, { uid: 99 })]);
    expect(owners(await watcher.look())).toEqual({ 80: [20], 25: [21] });
  });

  it('has beside it its parent, its children, and siblings of the same program, and no one else who may share it', async () => {
    fake.add({ pid: 40, name: 'master', exe: '/usr/sbin/nginx', sockets: [inodeOf(443)] });
    fake.add({ pid: 41, name: 'worker', exe: '/usr/sbin/nginx', parent: 40, sockets: [inodeOf(443)] });
    fake.add({ pid: 42, name: 'worker', exe: '/usr/sbin/nginx', parent: 40, sockets: [inodeOf(443)] });
    hold(21, 9, inodeOf(443));
    host.set([socket(80, { uid: 33 }), socket(443)]);
    expect(owners(await watcher.look())).toMatchObject({ 443: [40, 41, 42] });
    const sweep = await watcher.sweep();
    expect(owners(sweep), 'the sweep asks all').toMatchObject({ 443: [21, 40, 41, 42] });
    expect(sweep.listeners[1]).not.toHaveProperty('ownersComplete');
  });

  it('is the process that a kernel event named, though a newer one shares the socket', async () => {
    hold(21, 9, inodeOf(25));
    fake.add({ pid: 50, name: 'newer', sockets: [inodeOf(25)] });
    host.set([socket(25, { uid: 7 })]);
    expect(owners(await watcher.look({ pids: [21] }))).toEqual({ 25: [21] });
  });

  it('is the kernel where it says so', async () => {
    host.services = [{ protocol: 'udp', port: 4789, service: 'vxlan', evidence: 'vx0' }];
    host.set([socket(4789, { protocol: 'udp' })]);
    expect((await watcher.look()).listeners).toMatchObject([{ ownerKind: 'kernel', ownerNote: { code: 'kernel' } }]);
  });

  it('is "left" where the socket closed before it was found', async () => {
    host.set([socket(25)]);
    // The first dump is the look's own, the second asks whether the socket is still there.
    let dumps = 0;
    host.onDump = () => {
      dumps += 1;
      if (dumps === 2) host.set([]);
    };
    expect((await watcher.look()).listeners).toMatchObject([{ port: 25, ownerNote: { code: 'process-left' } }]);
    expect(await watcher.look()).toMatchObject({ listeners: [], vanished: [{ port: 25 }] });
  });

  it('is looked for again after 1, 2, 4 ... looks, and for certain at the sweep', async () => {
    host.set([socket(25)]);
    const first = await watcher.look();
    expect(first.listeners).toMatchObject([{ port: 25, ownerKind: 'unknown', ownerNote: { code: 'not-searched' } }]);
    expect(first.gaps).toMatchObject([{ code: 'owners-unknown', count: 1, hides: 'owners' }]);
    now += 60_000;
    expect((await watcher.look()).changed, 'looked for in vain').toBe(false);
    hold(21, 9, inodeOf(25));
    now += 60_000;
    expect(owners(await watcher.look()), 'not yet its turn').toEqual({ 25: [] });
    now += 60_000;
    const found = await watcher.look();
    expect(owners(found)).toEqual({ 25: [21] });
    expect(found).toMatchObject({ changed: true, appeared: [], vanished: [], gaps: [] });
  });

  it('is not said to be nobody before every process and thread was asked', async () => {
    host.set([socket(25)]);
    expect((await watcher.look()).listeners).toMatchObject([{ ownerNote: { code: 'not-searched' } }]);
    const sweep = await watcher.sweep();
    expect(sweep.listeners).toMatchObject([{ ownerNote: { code: 'no-holder' } }]);
    expect((await looks(3)).listeners, 'and stays so').toBe(sweep.listeners);
  });
});

describe('a known owner', () => {
  beforeEach(async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80), inodeOf(81)] });
    host.set([socket(80), socket(81)]);
    await watcher.sweep();
  });

  it('is never another process that was given its pid', async () => {
    fake.remove(20);
    fake.add({ pid: 20, name: 'impostor', sockets: [1, 2] });
    fake.add({ pid: 60, name: 'heir', sockets: [inodeOf(80), inodeOf(81)] });
    for (let count = 1; count <= 30; count += 1) {
      host.set([socket(80), socket(81), socket(100 + count)]);
      for (const { owners: held } of (await watcher.look()).listeners) expect(held.map(({ name }) => name)).not.toContain('impostor');
    }
    expect(owners(await watcher.look())).toMatchObject({ 80: [60], 81: [60] });
  });

  it('that left its socket to a child is replaced within thirty looks where nothing else changes', async () => {
    fake.remove(20);
    fake.add({ pid: 61, name: 'child', sockets: [inodeOf(80), inodeOf(81)] });
    const look = await looks(30);
    expect(owners(look)).toEqual({ 80: [61], 81: [61] });
  });

  it('that runs another program now is read anew within thirty looks', async () => {
    unlinkSync(join(fake.proc, '20/exe'));
    symlinkSync('/tmp/backdoor', join(fake.proc, '20/exe'));
    expect((await looks(30)).listeners).toMatchObject([{ owners: [{ pid: 20, exe: '/tmp/backdoor' }] }, { owners: [{ exe: '/tmp/backdoor' }] }]);
  });

  it('of several that closes one keeps the other, and is asked about by a socket that it still has', async () => {
    unlinkSync(join(fake.proc, '20/fd/3'));
    host.set([socket(81)]);
    const look = await watcher.look();
    expect(owners(look)).toEqual({ 81: [20] });
    expect(look.vanished).toMatchObject([{ port: 80 }]);
  });

  it('that gave one of two sockets away is corrected by the sweep', async () => {
    fake.add({ pid: 70, name: 'sent' });
    linkSync(join(fake.proc, '20/fd/4'), join(fake.proc, '70/fd/4'));
    unlinkSync(join(fake.proc, '20/fd/4'));
    expect(owners(await looks(30)), 'it is known by the other one').toEqual({ 80: [20], 81: [20] });
    expect(owners(await watcher.sweep())).toEqual({ 80: [20], 81: [70] });
  });
});

describe('a search of all processes', () => {
  it('takes no more than a tenth of the time', async () => {
    fake.add({ pid: 921, name: 'old', uid: 7, sockets: [1] });
    // As many as are asked in any case.
    for (let pid = 100; pid < 170; pid += 1) fake.add({ pid, name: 'crowd' });
    await watcher.sweep();
    host.set([socket(25, { uid: 99 })]);
    await watcher.look();
    // As many descriptors as before, so that nothing points to it.
    unlinkSync(join(fake.proc, '921/fd/3'));
    hold(921, 9, inodeOf(26));
    host.set([socket(25, { uid: 99 }), socket(26, { uid: 99 })]);
    expect(owners(await watcher.look()), 'no time has passed since the last one').toEqual({ 25: [], 26: [] });
    now += 60_000;
    expect(owners(await looks(2))).toEqual({ 25: [], 26: [921] });
  });
});

describe('a namespace', () => {
  const lost: Gap = { code: 'dump-interrupted', detail: 'tcp over ipv4: the table changed', count: 1, hides: 'listeners' };
  const name = (namespace: string, sockets: readonly SocketRecord[]): number => {
    const path = join(fake.root, 'netns', namespace);
    writeFileSync(path, '');
    host.set(sockets, [], path);
    return statSync(path).ino;
  };

  it('that was not read whole closes nothing, and what is missing keeps its owner until it is seen again', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    const [web] = (await watcher.sweep()).listeners;
    host.set([], [lost]);
    const broken = await watcher.look();
    expect(broken).toMatchObject({ listeners: [], vanished: [], gaps: [lost] });
    expect(broken.uncertain).toEqual(new Set([null]));
    host.set([socket(80)]);
    const whole = await watcher.look();
    expect(whole.uncertain.size).toBe(0);
    expect(whole).toMatchObject({ appeared: [], vanished: [] });
    expect(whole.listeners[0]).toBe(web);
    host.set([], [lost]);
    await watcher.look();
    host.set([]);
    expect((await watcher.look()).vanished, 'gone for certain').toEqual([web]);
  });

  it('that never gave one of its protocols is not uncertain for that', async () => {
    const lacking: Gap = { code: 'protocol-unavailable', detail: 'sctp', count: 1, hides: 'listeners' };
    host.set([socket(80)], [lacking]);
    await watcher.sweep();
    host.set([], [lacking]);
    const look = await watcher.look();
    expect(look.uncertain.size).toBe(0);
    expect(look.vanished).toMatchObject([{ port: 80 }]);
    host.set([], [lacking, { ...lacking, detail: 'tcp' }]);
    expect((await watcher.look()).uncertain).toEqual(new Set([null]));
  });

  it('that gets a name is found by the next look, and dropped when it has ended', async () => {
    await watcher.sweep();
    const inode = name('red', [socket(8080)]);
    utimesSync(join(fake.root, 'netns'), 1, 1);
    const look = await watcher.look();
    expect(look.newNamespaces).toEqual([{ inode, name: 'red' }]);
    expect(look.listeners).toMatchObject([{ port: 8080, netns: { name: 'red' } }]);
    expect((await watcher.look()).newNamespaces).toEqual([]);
    rmSync(join(fake.root, 'netns/red'));
    const after = await watcher.look();
    expect(after).toMatchObject({ listeners: [], vanished: [{ port: 8080 }] });
    expect(after.uncertain.size).toBe(0);
  });

  it('that cannot be read for a while is uncertain, and so is nothing else', async () => {
    host.set([socket(80)]);
    const inode = name('red', [socket(8080)]);
    await watcher.sweep();
    host.dumps.delete(join(fake.root, 'netns/red'));
    const look = await watcher.look();
    expect(look.uncertain).toEqual(new Set([inode]));
    expect(look).toMatchObject({ listeners: [{ port: 80 }], vanished: [] });
    expect(look.gaps).toContainEqual(expect.objectContaining({ code: 'namespaces-skipped', count: 1 }));
  });

  it('is looked for at once where an opening is unexplained, but not at every look', async () => {
    const folder = join(fake.root, 'netns');
    utimesSync(folder, 1, 1);
    await watcher.sweep();
    name('red', []);
    utimesSync(folder, 1, 1);
    expect((await watcher.look()).newNamespaces, 'nothing told of it').toEqual([]);
    now += 1000;
    expect((await watcher.look({ unexplained: true })).newNamespaces).toMatchObject([{ name: 'red' }]);
    name('blue', []);
    utimesSync(folder, 1, 1);
    expect((await watcher.look({ unexplained: true })).newNamespaces).toEqual([]);
    now += 1000;
    expect((await watcher.look({ unexplained: true })).newNamespaces).toMatchObject([{ name: 'blue' }]);
  });
});

describe('a sweep', () => {
  it('lets looks through, and does not forget what they saw', async () => {
    host.set([socket(80)]);
    await watcher.sweep();
    let duringSweep: Promise<Look> | null = null;
    host.onDump = () => {
      host.onDump = () => undefined;
      // The sweep reads the sockets before this one opens.
      queueMicrotask(() => {
        fake.add({ pid: 90, name: 'late', sockets: [inodeOf(1302)] });
        host.set([socket(80), socket(1302)]);
        duringSweep = watcher.look();
      });
    };
    const sweep = await watcher.sweep();
    expect(owners(sweep)).toEqual({ 80: [], 1302: [90] });
    expect(owners(await duringSweep!)).toEqual({ 80: [], 1302: [90] });
    expect((await watcher.look()).changed).toBe(false);
  });

  it('is one where several are asked for at once', async () => {
    let dumps = 0;
    host.onDump = () => (dumps += 1);
    const [one, other] = await Promise.all([watcher.sweep(), watcher.sweep()]);
    expect(one).toBe(other);
    expect(dumps, 'one for the sweep, one for what came meanwhile').toBe(2);
  });

  it('that finds no owner any more is not reminded of the one before', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    await watcher.sweep();
    fake.remove(20);
    const sweep = await watcher.sweep();
    expect(sweep.listeners).toMatchObject([{ owners: [], ownerNote: { code: 'no-holder' } }]);
    expect((await looks(30)).listeners).toBe(sweep.listeners);
  });

  it('keeps the objects of listeners that are what they were', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    const before = await watcher.sweep();
    const after = await watcher.sweep();
    expect(after.changed).toBe(false);
    expect(after.listeners[0]).toBe(before.listeners[0]);
  });

  it('that finds nothing new gives the very same list, and gaps', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80), inodeOf(81)] });
    host.set([socket(80), socket(81)]);
    const before = await watcher.sweep();
    await watcher.sweep();
    const after = await watcher.sweep();
    expect(after.listeners).toBe(before.listeners);
    expect(after.gaps).toBe(before.gaps);
  });

  it('that finds all as the last look did reads the sockets once, and leaves what came meanwhile to the next look', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    await watcher.sweep();
    await watcher.look();
    let dumps = 0;
    host.onDump = () => {
      dumps += 1;
      if (dumps > 1) return;
      // The dump that is under way does not have it.
      queueMicrotask(() => {
        fake.add({ pid: 90, name: 'late', sockets: [inodeOf(1302)] });
        host.set([socket(80), socket(1302)]);
      });
    };
    expect(await watcher.sweep()).toMatchObject({ changed: false, appeared: [] });
    expect(dumps).toBe(1);
    const look = await watcher.look();
    expect(look.appeared).toMatchObject([{ port: 1302, owners: [{ pid: 90 }] }]);
    expect(owners(await watcher.sweep())).toEqual({ 80: [20], 1302: [90] });
  });

  it('reads them once also where something is found out anew each time, as of what the first process holds', async () => {
    fake.remove(1);
    fake.add({ pid: 1, name: 'systemd', sockets: [inodeOf(80), inodeOf(81)] });
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(81)] });
    host.set([socket(80), socket(81)]);
    const before = await watcher.sweep();
    let dumps = 0;
    host.onDump = () => (dumps += 1);
    const after = await watcher.sweep();
    expect(after.listeners).toBe(before.listeners);
    expect(dumps).toBe(1);
    expect(watcher.glance(true)).toBe(true);
    fake.remove(20);
    expect(owners(await watcher.sweep())).toEqual({ 80: [1], 81: [1] });
  });

  it('that finds other sockets than the last look reads them again, for what came meanwhile', async () => {
    host.set([socket(80)]);
    await watcher.sweep();
    host.set([socket(81)]);
    host.onDump = () => {
      host.onDump = () => undefined;
      queueMicrotask(() => { host.set([socket(81), socket(1302)]); });
    };
    const sweep = await watcher.sweep();
    expect(sweep.appeared).toMatchObject([{ port: 81 }, { port: 1302 }]);
    expect(sweep.vanished).toMatchObject([{ port: 80 }]);
  });

  it('that finds another holder reads the sockets again', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    await watcher.sweep();
    fake.add({ pid: 31, name: 'other', sockets: [inodeOf(80)] });
    let dumps = 0;
    host.onDump = () => (dumps += 1);
    expect(owners(await watcher.sweep())).toEqual({ 80: [20, 31] });
    expect(dumps).toBe(2);
  });

  it('looks into the processes for a thorough look too: the next is thirty looks after it began', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    await watcher.sweep();
    await looks(10);
    await watcher.sweep();
    fake.remove(20);
    expect((await looks(28)).changed).toBe(false);
    expect((await watcher.look()).listeners).toMatchObject([{ owners: [] }]);
  });

  it('that fails stands for nothing', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    await watcher.sweep();
    fake.remove(20);
    await looks(20);
    host.fault = new PortreeveError('source-failed', 'no more buffers');
    await expect(watcher.sweep()).rejects.toThrow('no more buffers');
    host.fault = null;
    expect((await looks(9)).listeners).toMatchObject([{ owners: [] }]);
  });

  it('compares who holds a socket again where a look has read it meanwhile', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    for (let count = 0; count < 3; count += 1) await watcher.sweep();
    fake.remove(20);
    fake.add({ pid: 21, name: 'child', sockets: [inodeOf(80)] });
    fake.add({ pid: 40, name: 'sharer', sockets: [inodeOf(80)] });
    const look = await looks(30);
    expect(look.listeners).toMatchObject([{ ownersComplete: false }]);
    const sweep = await watcher.sweep();
    expect(owners(sweep)).toEqual({ 80: [21, 40] });
    expect(sweep.listeners[0]).not.toHaveProperty('ownersComplete');
  });

  const file = (name: string) => join(fake.proc, `20/${name}`);
  const relink = (target: string) => {
    unlinkSync(file('exe'));
    symlinkSync(target, file('exe'));
  };
  const CHANGES: readonly (readonly [what: string, change: () => void, shows: object])[] = [
    ['runs another program', () => { relink('/usr/bin/nc'); }, { owners: [{ pid: 20, exe: '/usr/bin/nc' }] }],
    ['has its program deleted', () => { relink('/usr/sbin/web (deleted)'); }, { owners: [{ exe: '/usr/sbin/web', exeDeleted: true }] }],
    ['calls itself something else', () => { writeFileSync(file('stat'), `20 (other) S 0 0 0 0 0 0 ${new Array<number>(12).fill(0).join(' ')} 100 0 0\n`); }, { owners: [{ name: 'other' }] }],
    ['gives up its user', () => { writeFileSync(file('status'), 'Name:\tweb\nUid:\t0\t33\t33\t33\n'); }, { owners: [{ uid: 33 }] }],
    ['is moved to another unit', () => { writeFileSync(file('cgroup'), '0::/system.slice/other.service\n'); }, { owners: [{ unit: 'other.service' }] }],
    ['shows other arguments', () => { writeFileSync(file('cmdline'), 'web\0--debug\0'); }, { owners: [{ commandLine: ['web', '--debug'] }] }],
    ['hands its socket to another process, which shares it', () => { fake.add({ pid: 31, name: 'other', sockets: [inodeOf(80)] }); }, { owners: [{ pid: 20 }, { pid: 31 }] }],
    ['passes its socket on', () => { unlinkSync(file('fd/3')); fake.add({ pid: 31, name: 'other', sockets: [inodeOf(80)] }); }, { owners: [{ pid: 31 }] }],
    ['keeps its socket to itself, where another held it too', () => { fake.remove(32); }, { owners: [{ pid: 20 }] }],
    ['is another process with the same pid', () => { writeFileSync(file('stat'), `20 (web) S 0 0 0 0 0 0 ${new Array<number>(12).fill(0).join(' ')} 900 0 0\n`); }, { owners: [{ startedAt: '2023-11-14T22:13:29.000Z' }] }],
    ['is of a user with another name', () => { writeFileSync(join(fake.root, 'passwd'), 'toor:x:0:0::/root:/bin/sh\n'); }, { socketUser: 'toor', owners: [{ user: 'toor' }] }],
  ];
  it.each(CHANGES)('sees that an owner %s', async (what, change, shows) => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    fake.add({ pid: 32, name: 'web', sockets: what.startsWith('keeps') ? [inodeOf(80)] : [] });
    fake.add({ pid: 21, name: 'mail', sockets: [inodeOf(25)], uid: 8 });
    host.set([socket(80), socket(25, { uid: 8 })]);
    await watcher.sweep();
    const [, mail] = (await watcher.sweep()).listeners;
    change();
    const { changed, listeners, appeared } = await watcher.sweep();
    expect(changed).toBe(true);
    expect(listeners[0]).toMatchObject(shows);
    expect(listeners[0]?.owners).toHaveLength((shows as { owners: readonly object[] }).owners.length);
    expect(listeners[1]).toBe(mail);
    expect(appeared).toEqual([]);
  });

  it('sees that the account that opened a socket has another name, and its owner none of it', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80), inodeOf(81)] });
    host.set([socket(80), socket(81, { uid: 33 })]);
    writeFileSync(join(fake.root, 'passwd'), 'root:x:0:0::/root:/bin/sh\nwww:x:33:33::/:/bin/sh\n');
    for (let count = 0; count < 3; count += 1) await watcher.sweep();
    writeFileSync(join(fake.root, 'passwd'), 'root:x:0:0::/root:/bin/sh\nhttp:x:33:33::/:/bin/sh\n');
    expect((await watcher.sweep()).listeners).toMatchObject([{ socketUser: 'root', owners: [{ user: 'root' }] }, { socketUser: 'http', owners: [{ user: 'root' }] }]);
  });

  it('says what it no longer may see, though every listener is as it was', async () => {
    fake.add({ pid: 20, name: 'web', sockets: [inodeOf(80)] });
    host.set([socket(80)]);
    await watcher.sweep();
    writeFileSync(join(fake.proc, 'self/mountinfo'), `24 30 0:22 / ${fake.proc} rw - proc proc rw,hidepid=invisible\n`);
    expect(await watcher.sweep()).toMatchObject({ changed: false, gaps: [{ code: 'processes-hidden' }] });
    expect((await watcher.look()).gaps).toMatchObject([{ code: 'processes-hidden' }]);
  });
});

describe('a glance', () => {
  beforeEach(async () => {
    host.set([socket(22)]);
    fake.add({ pid: 30, name: 'sshd', sockets: [inodeOf(22)] });
    expect(watcher.glance(true)).toBe(false);
    await watcher.sweep();
  });

  it('says at once that nothing changed, and that something did', async () => {
    expect(watcher.glance(true)).toBe(true);
    host.set([socket(22), socket(80)]);
    expect(watcher.glance(true)).toBe(false);
    expect(owners(await watcher.look())).toEqual({ 22: [30], 80: [] });
  });

  it('leaves each thirtieth look to a look, which sees what changed of the processes', async () => {
    const looks = Array.from({ length: 40 }, () => watcher.glance(true));
    // One that was refused is taken by a look.
    expect(looks.indexOf(false)).toBe(28);
    fake.remove(30);
    expect((await watcher.look()).changed).toBe(true);
  });

  it('does not stand for a look where a namespace has a name of its own now, unless the kernel tells of what listens in it', () => {
    utimesSync(join(fake.root, 'netns'), new Date(5_000_000), new Date(5_000_000));
    expect(watcher.glance(true)).toBe(true);
    expect(watcher.glance(false)).toBe(false);
  });

  it('does not stand for a look where there is another namespace to read', async () => {
    const red = join(fake.root, 'netns/red');
    writeFileSync(red, '');
    host.set([socket(8080)], [], red);
    expect((await watcher.sweep()).listeners).toHaveLength(2);
    expect(watcher.glance(true)).toBe(false);
  });

  it('leaves a fault to the look, and takes nothing from one that is under way', async () => {
    host.fault = new PortreeveError('source-failed', 'no more buffers');
    expect(watcher.glance(true)).toBe(false);
    host.fault = null;
    const looking = watcher.look();
    expect(watcher.glance(true)).toBe(false);
    await looking;
    expect(watcher.glance(true)).toBe(true);
  });
});
