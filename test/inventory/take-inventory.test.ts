import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NamespaceSockets } from '../../src/inventory/fold.ts';
import type { SecondLook } from '../../src/inventory/name-reasons.ts';
import { gapsOf, listenersOf, takeInventory } from '../../src/inventory/take-inventory.ts';
import type { Gap } from '../../src/model/coverage.ts';
import type { Listener } from '../../src/model/listener.ts';
import type { KernelService, SocketRecord } from '../../src/model/socket.ts';
import { createFakeProc, type FakeProc } from '../fixtures/fake-proc.ts';

let fake: FakeProc;
beforeEach(() => {
  fake = createFakeProc();
  writeFileSync(join(fake.root, 'passwd'), 'root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n');
});
afterEach(() => {
  fake.dispose();
});

function socket(facts: Partial<SocketRecord> & Pick<SocketRecord, 'port'>): SocketRecord {
  return { protocol: 'tcp', family: 'ipv4', address: '0.0.0.0', interfaceIndex: 0, inode: 1000 + facts.port, uid: 0, cookie: null, v6only: null, cgroupId: null, holder: null, ...facts };
}

interface Found {
  readonly listeners: readonly Listener[];
  readonly gaps: readonly Gap[];
}

interface Circumstances {
  readonly after?: readonly SocketRecord[];
  readonly services?: readonly KernelService[];
  readonly onSecondLook?: () => void;
  readonly namespace?: NamespaceSockets['namespace'];
}

async function take(sockets: readonly SocketRecord[], { after = sockets, services = [], onSecondLook, namespace = { inode: 7, name: 'host' } }: Circumstances = {}): Promise<Found> {
  const secondLook: SecondLook = {
    readAgain: () => Promise.resolve(after),
    kernelServices: () => {
      onSecondLook?.();
      return Promise.resolve(services);
    },
  };
  const from: NamespaceSockets = {
    namespace,
    dump: { sockets, gaps: [], interfaces: new Map([[1, 'lo'], [2, 'eth0']]), ephemeralPorts: { range: [32_768, 60_999], reserved: [[40_000, 40_009]] } },
  };
  const { known } = await takeInventory([from], { proc: fake.proc, passwd: join(fake.root, 'passwd'), cgroupRoots: [join(fake.root, 'cgroup')], unitFolders: [join(fake.root, 'units')] }, secondLook);
  return { listeners: listenersOf(known), gaps: gapsOf(known) };
}

const only = ({ listeners }: Found): Listener => {
  expect(listeners).toHaveLength(1);
  return listeners[0]!;
};

describe('owners', () => {
  it('are all processes that hold the socket, by pid', async () => {
    fake.add({ pid: 900, name: 'worker', uid: 33, sockets: [1080] });
    fake.add({ pid: 20, name: 'master', sockets: [5, 1080, 6] });
    fake.add({ pid: 21, name: 'bystander', sockets: [77] });
    const { owners, ownerKind } = only(await take([socket({ port: 80 })]));
    expect(ownerKind).toBe('process');
    expect(owners.map(({ pid, name, user }) => [pid, name, user])).toEqual([
      [20, 'master', 'root'],
      [900, 'worker', 'www-data'],
    ]);
  });

  it('are those of all SO_REUSEPORT siblings, folded into one listener', async () => {
    fake.add({ pid: 30, name: 'a', sockets: [1] });
    fake.add({ pid: 31, name: 'b', sockets: [2] });
    const listener = only(await take([socket({ port: 8080, inode: 1 }), socket({ port: 8080, inode: 2 })]));
    expect(listener.sockets).toBe(2);
    expect(listener.owners.map((owner) => owner.pid)).toEqual([30, 31]);
  });

  it('do not answer for a sibling that nothing holds', async () => {
    fake.add({ pid: 30, name: 'nginx', sockets: [1] });
    const siblings = [socket({ port: 443, inode: 1 }), socket({ port: 443, inode: 2 })];
    expect(only(await take(siblings))).toMatchObject({ ownerKind: 'process', owners: [{ pid: 30 }], ownerNote: { code: 'no-holder', detail: expect.stringContaining('of 2 sockets that share the port, 1 without an owner') as string } });
    expect(only(await take(siblings, { after: siblings.slice(0, 1) })), 'which has closed meanwhile').toMatchObject({ ownerKind: 'process', ownerNote: null });
  });

  it('include a thread with descriptors of its own', async () => {
    fake.add({ pid: 50, name: 'threaded', threadSockets: [1302 + 1000] });
    expect(only(await take([socket({ port: 1302 })])).owners.map((owner) => owner.name)).toEqual(['threaded']);
  });

  it('are looked for once more where none was found, since a socket may have changed hands', async () => {
    const inventory = await take([socket({ port: 1302 })], {
      onSecondLook: () => {
        fake.add({ pid: 60, name: 'late', sockets: [2302] });
      },
    });
    expect(only(inventory).owners.map((owner) => owner.name)).toEqual(['late']);
    expect(inventory.gaps).toEqual([]);
  });

  it('are never a process that has left', async () => {
    fake.add({ pid: 70, name: 'ending', sockets: [1025] });
    fake.remove(70);
    expect(only(await take([socket({ port: 25 })])).ownerKind).toBe('unknown');
  });
});

describe('a listener without a process', () => {
  it('is the kernel\'s where the kernel says so', async () => {
    const services: KernelService[] = [{ protocol: 'udp', port: 4789, service: 'vxlan', evidence: 'the vxlan interface vx0 receives on it' }];
    const inventory = await take([socket({ protocol: 'udp', port: 4789 })], { services });
    expect(only(inventory)).toMatchObject({ ownerKind: 'kernel', ownerNote: { code: 'kernel', detail: 'vxlan: the vxlan interface vx0 receives on it' }, owners: [] });
    expect(inventory.gaps).toEqual([]);
  });

  it('is not the kernel\'s where another user opened it', async () => {
    const services: KernelService[] = [{ protocol: 'udp', port: 4789, service: 'vxlan', evidence: '' }];
    expect(only(await take([socket({ protocol: 'udp', port: 4789, uid: 33 })], { services })).ownerKind).toBe('unknown');
  });

  it('is not the kernel\'s because another protocol has that port', async () => {
    const services: KernelService[] = [{ protocol: 'udp', port: 4789, service: 'vxlan', evidence: '' }];
    expect(only(await take([socket({ port: 4789 })], { services })).ownerKind).toBe('unknown');
  });

  it('is unknown because it closed meanwhile', async () => {
    expect(only(await take([socket({ port: 25 })], { after: [] })).ownerNote?.code).toBe('process-left');
  });

  it('is unknown although every process was looked into', async () => {
    fake.add({ pid: 1, name: 'init' });
    const inventory = await take([socket({ port: 4444 })]);
    expect(only(inventory)).toMatchObject({ ownerKind: 'unknown', ownerNote: { code: 'no-holder' }, socketUid: 0, socketUser: 'root' });
  });

  it('says how to make the ports of NFS locking known, where lockd runs', async () => {
    fake.add({ pid: 1, name: 'init' });
    expect(only(await take([socket({ port: 35_027 })])).ownerNote?.detail).not.toContain('lockd');
    fake.add({ pid: 70, name: 'lockd', flags: 0x0020_8040, exe: null });
    expect(only(await take([socket({ port: 35_027 })])).ownerNote).toMatchObject({ code: 'no-holder', detail: expect.stringContaining('fs.nfs.nlm_tcpport') as string });
  });

  it('is unknown for want of privilege, which is a gap', async () => {
    fake.add({ pid: 80, name: 'closed', sockets: [1025] });
    chmodSync(join(fake.proc, '80/fd'), 0);
    const { listeners, gaps } = await fake.withoutPrivilege(() => take([socket({ port: 25 })]));
    expect(listeners[0]?.ownerNote?.code).toBe('no-privilege');
    expect(gaps).toMatchObject([
      { code: 'processes-unreadable', count: 1, hides: 'owners' },
      { code: 'owners-unknown', count: 1, hides: 'owners' },
    ]);
  });

  it('is unknown where /proc hides processes, which is a gap', async () => {
    writeFileSync(join(fake.proc, 'self/mountinfo'), `24 30 0:22 / ${fake.proc} rw - proc proc rw,hidepid=invisible\n`);
    const { listeners, gaps } = await take([socket({ port: 25 })]);
    expect(listeners[0]?.ownerNote?.code).toBe('no-privilege');
    expect(gaps).toMatchObject([
      { code: 'processes-hidden', hides: 'listeners' },
      { code: 'owners-unknown', hides: 'owners' },
    ]);
    fake.add({ pid: 90, name: 'own', sockets: [1025] });
    expect((await take([socket({ port: 25 })])).gaps, 'even where every listener has an owner').toMatchObject([{ code: 'processes-hidden', hides: 'listeners' }]);
    writeFileSync(join(fake.proc, 'self/status'), 'CapEff:\t000001ffffffffff\n');
    expect((await take([socket({ port: 25 })])).gaps, 'but not with CAP_SYS_PTRACE').toEqual([]);
  });
});

describe('folding', () => {
  it('keeps a dual-stack wildcard as one listener that covers IPv4', async () => {
    const { listeners } = await take([socket({ family: 'ipv6', address: '::', port: 80, v6only: false }), socket({ family: 'ipv6', address: '::', port: 81, v6only: true })]);
    expect(listeners.map(({ port, dualStack, scope }) => [port, dualStack, scope])).toEqual([
      [80, true, 'wildcard'],
      [81, false, 'wildcard'],
    ]);
  });

  it('infers "v6 only" from an IPv4 listener on the same port where the source cannot tell', async () => {
    const { listeners } = await take([socket({ family: 'ipv6', address: '::', port: 80 }), socket({ port: 80, inode: 2 }), socket({ family: 'ipv6', address: '::', port: 81 })]);
    expect(listeners.map(({ address, port, dualStack }) => [address, port, dualStack])).toEqual([
      ['::', 80, false],
      ['0.0.0.0', 80, false],
      ['::', 81, true],
    ]);
  });

  it('keeps addresses, protocols and interfaces of one port apart', async () => {
    const { listeners } = await take([
      socket({ port: 53, address: '127.0.0.1' }),
      socket({ port: 53, address: '10.0.0.1', inode: 2 }),
      socket({ port: 53, protocol: 'udp', address: '127.0.0.1', inode: 3 }),
      socket({ port: 53, interfaceIndex: 1, inode: 4 }),
      socket({ port: 53, interfaceIndex: 2, inode: 5 }),
    ]);
    expect(listeners.map(({ protocol, address, scope, interface: name }) => [protocol, address, scope, name])).toEqual([
      ['tcp', '127.0.0.1', 'loopback', null],
      ['tcp', '10.0.0.1', 'private', null],
      ['udp', '127.0.0.1', 'loopback', null],
      ['tcp', '0.0.0.0', 'loopback', 'lo'],
      ['tcp', '0.0.0.0', 'wildcard', 'eth0'],
    ]);
  });

  it('shows a raw socket with its IP protocol and no port', async () => {
    expect(only(await take([socket({ protocol: 'raw', port: 1 })]))).toMatchObject({ port: null, ipProtocol: 1, ephemeral: null });
  });

  it('knows the ephemeral range and what is reserved in it', async () => {
    const { listeners } = await take([socket({ port: 32_767 }), socket({ port: 32_768 }), socket({ port: 40_005 }), socket({ port: 61_000 })]);
    expect(listeners.map(({ ephemeral }) => ephemeral)).toEqual([false, true, false, false]);
  });
});

describe('identity', () => {
  it('survives a restart: no pid, inode or start time in it', async () => {
    fake.add({ pid: 90, name: 'licd', exe: '/opt/licd/bin/licd', sockets: [11] });
    const before = only(await take([socket({ port: 1302, inode: 11 })])).id;
    fake.remove(90);
    fake.add({ pid: 4321, name: 'licd', exe: '/opt/licd/bin/licd', sockets: [12], startTicks: 999 });
    const after = only(await take([socket({ port: 1302, inode: 12 })])).id;
    expect(after).toBe(before);
    expect(before).toBe('host tcp 0.0.0.0:1302 /opt/licd/bin/licd test.service');
  });

  it('differs for another executable, unit, address or namespace', async () => {
    fake.add({ pid: 90, name: 'licd', exe: '/opt/licd/bin/licd', sockets: [11] });
    const ids = new Set([only(await take([socket({ port: 1302, inode: 11 })])).id, only(await take([socket({ port: 1302, inode: 11, address: '10.0.0.1' })])).id]);
    ids.add(only(await take([socket({ port: 1302, inode: 11 })], { namespace: { inode: 8, name: 'web' } })).id);
    fake.remove(90);
    fake.add({ pid: 90, name: 'licd', exe: '/tmp/licd', sockets: [11] });
    ids.add(only(await take([socket({ port: 1302, inode: 11 })])).id);
    expect(ids.size).toBe(4);
  });

  it('tells a dual-stack wildcard from an IPv6 one that is open beside it', async () => {
    const { listeners } = await take([socket({ family: 'ipv6', address: '::', port: 7009, v6only: false }), socket({ family: 'ipv6', address: '::', port: 7009, v6only: true, inode: 2 })]);
    expect(listeners.map(({ id }) => id)).toEqual(['host tcp *:7009 unknown', 'host tcp [::]:7009 unknown']);
  });

  it('leaves out the unit of a container, which has a new name at each start', async () => {
    fake.add({ pid: 95, name: 'app', exe: '/srv/my app', sockets: [1080], cgroup: `0::/system.slice/docker-${'c'.repeat(64)}.scope\n` });
    expect(only(await take([socket({ port: 80 })])).id).toBe('host tcp 0.0.0.0:80 /srv/my%20app');
  });

  it('stays when workers come and go', async () => {
    fake.add({ pid: 10, name: 'nginx', sockets: [1080] });
    const one = only(await take([socket({ port: 80 })])).id;
    fake.add({ pid: 11, name: 'nginx', sockets: [1080] });
    expect(only(await take([socket({ port: 80 })])).id).toBe(one);
  });
});

describe('socket activation', () => {
  const units = () => {
    mkdirSync(join(fake.root, 'units/web.socket.d'), { recursive: true });
    writeFileSync(join(fake.root, 'units/web.socket'), '[Socket]\nListenStream=8000\nListenStream=[::1]:9000\n');
    writeFileSync(join(fake.root, 'units/web.socket.d/port.conf'), '[Socket]\nListenStream=\nListenStream=0.0.0.0:8001\nService=site.service\n');
    writeFileSync(join(fake.root, 'units/echo.socket'), '[Socket]\nListenStream=7\nAccept=yes\n');
  };

  it('names the socket unit and its service, drop-ins included, instead of systemd', async () => {
    units();
    fake.add({ pid: 1, name: 'systemd', exe: '/usr/lib/systemd/systemd', cgroup: '0::/init.scope\n', sockets: [9001, 1007] });
    const { listeners } = await take([socket({ port: 8001 }), socket({ port: 7 })]);
    expect(listeners.map(({ activation, owners, id }) => [activation, owners[0]?.unit, id])).toEqual([
      [{ unit: 'web.socket', service: 'site.service' }, 'web.socket', 'host tcp 0.0.0.0:8001 web.socket'],
      [{ unit: 'echo.socket', service: 'echo@.service' }, 'echo.socket', 'host tcp 0.0.0.0:7 echo.socket'],
    ]);
  });

  it('keeps its identity when the service starts, and names both holders', async () => {
    units();
    fake.add({ pid: 1, name: 'systemd', exe: '/usr/lib/systemd/systemd', cgroup: '0::/init.scope\n', sockets: [9001] });
    const idle = only(await take([socket({ port: 8001 })]));
    fake.add({ pid: 200, name: 'site', cgroup: '0::/system.slice/site.service\n', sockets: [9001] });
    const running = only(await take([socket({ port: 8001 })]));
    expect(running.id).toBe(idle.id);
    expect(running.owners.map(({ pid, unit }) => [pid, unit])).toEqual([
      [1, 'web.socket'],
      [200, 'site.service'],
    ]);
  });

  it('is not claimed for another process that calls itself systemd', async () => {
    units();
    fake.add({ pid: 666, name: 'systemd', exe: '/tmp/systemd', sockets: [9001] });
    expect(only(await take([socket({ port: 8001 })])).activation).toBeNull();
  });
});
