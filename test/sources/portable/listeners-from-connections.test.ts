import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIpv4, formatIpv6, parseIpAddress } from '../../../src/model/ip-address.ts';
import { listenersFromConnections } from '../../../src/sources/portable/listeners-from-connections.ts';
import { PORTABLE_PLATFORMS } from '../../../src/sources/portable/portable-platform.ts';
import type { PortablePlatform } from '../../../src/sources/portable/portable-platform.ts';

const TCP = { protocol: 'tcp', localAddress: '127.0.0.1', localPort: '80', peerAddress: '0.0.0.0', peerPort: '*', state: 'LISTEN', pid: 7, process: 'nginx' };
const UDP = { protocol: 'udp', localAddress: '0.0.0.0', localPort: '123', peerAddress: '*', peerPort: '*', state: '', pid: 8, process: '' };

function read(row: unknown, platform: PortablePlatform = 'linux') {
  const { sockets, gaps } = listenersFromConnections([row], platform);
  return { socket: sockets[0], unreadable: gaps.find((gap) => gap.code === 'rows-unreadable')?.count ?? 0 };
}

describe('a listener', () => {
  it('carries what the row tells, and null for what it does not', () => {
    expect(read(TCP).socket).toEqual({
      protocol: 'tcp', family: 'ipv4', address: '127.0.0.1', port: 80, interfaceIndex: 0,
      inode: null, uid: null, cookie: null, v6only: null, cgroupId: null, holder: { pid: 7, name: 'nginx' },
    });
  });

  it('is read from numbers as from text', () => {
    expect(read({ ...TCP, localPort: 80, pid: '7' }).socket).toEqual(read(TCP).socket);
  });

  it('has its address in canonical form', () => {
    expect(read({ ...TCP, localAddress: '[2001:DB8:0:0::1]' }).socket?.address).toBe('2001:db8::1');
    expect(read({ ...TCP, localAddress: '127.0.0.53%lo' }).socket?.address).toBe('127.0.0.53');
  });

  it('is never a TCP socket in another state, nor a UDP socket with a peer', () => {
    for (const row of [{ ...TCP, state: 'ESTABLISHED' }, { ...TCP, state: 'UNKNOWN' }, { ...UDP, peerAddress: '198.51.100.53', peerPort: '53' }]) {
      expect(read(row)).toEqual({ socket: undefined, unreadable: 0 });
    }
  });

  it.each([['*', '*'], ['', ''], ['0.0.0.0', '*'], ['0.0.0.0', '0'], ['::', '*'], ['[::]', '*']])('is a UDP socket whose peer is %j port %j', (peerAddress, peerPort) => {
    expect(read({ ...UDP, peerAddress, peerPort }).socket).toMatchObject({ protocol: 'udp', port: 123 });
  });

  it('is not a UDP socket bound to no port', () => {
    for (const localPort of ['*', '0']) expect(read({ ...UDP, protocol: 'udp4', localAddress: '*', localPort }, 'darwin')).toEqual({ socket: undefined, unreadable: 0 });
  });

  it('stays once per socket where rows are equal', () => {
    expect(listenersFromConnections([TCP, TCP], 'linux').sockets).toHaveLength(2);
  });
});

describe('the owner', () => {
  it.each([[0], [-1], [null], [Number.NaN], ['-'], [1.5], ['1e3']])('is unknown for pid %j', (pid) => {
    expect(read({ ...TCP, pid }).socket?.holder).toBeNull();
  });

  it.each([
    ['/usr/sbin/mDNSResponder', 'mDNSResponder'],
    ['/usr/local/bin/node server/app.js', 'node'],
    ['node server.js', 'node'],
    ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', 'Google Chrome'],
    ['/Library/Application Support/Acme/acmed', 'acmed'],
    ['/', '/'],
  ])('of %s on macOS is called %s', (process, name) => {
    expect(read({ ...TCP, process }, 'darwin').socket?.holder).toEqual({ pid: 7, name });
  });
});

describe('a row that cannot be understood', () => {
  it.each([
    [null],
    ['tcp'],
    [[]],
    [{}],
    [{ ...TCP, protocol: 6 }],
    [{ ...TCP, protocol: 'sctp' }],
    [{ ...TCP, state: undefined }],
    [{ ...TCP, localAddress: undefined }],
    [{ ...TCP, localAddress: 'localhost' }],
    [{ ...TCP, localAddress: '127.0.0.256' }],
    [{ ...TCP, localAddress: '2001:db8:1:2:3:4:5' }],
    [{ ...TCP, protocol: 'tcp4', localAddress: '::1' }],
    [{ ...TCP, localPort: '' }],
    [{ ...TCP, localPort: '0' }],
    [{ ...TCP, localPort: '*' }],
    [{ ...TCP, localPort: '65536' }],
    [{ ...TCP, localPort: '-1' }],
    [{ ...TCP, localPort: '0x50' }],
    [{ ...TCP, localPort: '80 ' }],
    [{ ...TCP, localPort: 80.5 }],
    [{ ...UDP, peerAddress: null }],
    [{ ...UDP, peerAddress: 'unknown' }],
  ])('is counted: %j', (row) => {
    expect(read(row)).toEqual({ socket: undefined, unreadable: 1 });
  });

  it('may be a wildcard that no command of that system writes', () => {
    expect(read({ ...TCP, localAddress: '*' }, 'win32').unreadable).toBe(1);
  });

  it('leaves the others as they are', () => {
    const dump = listenersFromConnections([null, TCP, { ...TCP, localPort: 'http' }, UDP], 'win32');
    expect(dump.sockets.map((socket) => socket.port)).toEqual([80, 123]);
    expect(dump.gaps.map((gap) => [gap.code, gap.count])).toEqual([['rows-unreadable', 2], ['details-unavailable', 2]]);
  });
});

describe('an address that netstat may have cut', () => {
  it('is not taken for a whole one on BSD', () => {
    const row = { ...TCP, protocol: 'tcp6', localAddress: '2001:db8:0:1:', localPort: ':22.8080' };
    expect(read({ ...row, localPort: ':abcd:1.8080' }, 'freebsd').unreadable).toBe(1);
    expect(read({ ...row, localAddress: '2001:db8:0:1:', localPort: ':2.8080' }, 'freebsd').unreadable).toBe(1);
    expect(read({ ...row, localAddress: '2001:db8:0:1', localPort: ':2.8080' }, 'freebsd').socket?.address).toBe('2001:db8:0:1::2');
    expect(read({ ...row, localAddress: 'fe80::1234', localPort: '5%vtnet0.22' }, 'freebsd').socket?.address).toBe('fe80::1234:5');
  });

  it('is not taken for a whole one from net-tools, and is from ss', () => {
    const cut = { ...TCP, protocol: 'tcp6', localAddress: '2001:db8::12:34ab', localPort: '65000' };
    expect(read(cut).unreadable).toBe(1);
    expect(read({ ...cut, localPort: '6500' }).socket?.address).toBe('2001:db8::12:34ab');
    expect(read({ ...cut, protocol: 'tcp', localAddress: '[2001:db8::12:34ab]' }).socket?.address).toBe('2001:db8::12:34ab');
  });
});

describe('Windows', () => {
  it('tells a listener by its peer where the state is in a language of two words', () => {
    const row = { ...TCP, peerPort: '0', state: 'IN', pid: 0 };
    expect(read(row, 'win32').socket).toMatchObject({ port: 80, holder: null });
    expect(read(row, 'linux').socket).toBeUndefined();
    expect(read({ ...row, peerAddress: '192.0.2.7', peerPort: '50000' }, 'win32').socket).toBeUndefined();
  });

  it("does not take the table's heading for a lost row", () => {
    const heading = { protocol: 'proto', localAddress: 'Local', localPort: '', peerAddress: 'Address', peerPort: '', state: 'Foreign', pid: 0, process: '' };
    expect(read(heading, 'win32')).toEqual({ socket: undefined, unreadable: 0 });
    expect(listenersFromConnections([heading], 'win32').gaps.map((gap) => gap.code)).toEqual(['protocol-unavailable']);
  });
});

describe('whatever the library gives', () => {
  it('is an empty table with a gap where it is no list', () => {
    for (const rows of [undefined, null, 'tcp', {}, 7]) {
      expect(listenersFromConnections(rows, 'darwin')).toMatchObject({ sockets: [], gaps: [{ code: 'protocol-unavailable', hides: 'listeners' }] });
    }
  });

  it('never crashes, and gives canonical addresses and valid ports only', () => {
    const word = fc.oneof(
      fc.constantFrom('tcp', 'udp', 'tcp4', 'tcp6', 'tcp46', 'udp46', '*', '', '::', '0.0.0.0', '[::1]', 'fe80::1%lo0', 'LISTEN', '80', '*.80', '1.22', 80, -1, null),
      fc.anything(),
    );
    const row = fc.oneof(
      fc.record({ protocol: word, localAddress: word, localPort: word, peerAddress: word, peerPort: word, state: word, pid: word, process: word }, { requiredKeys: [] }),
      fc.anything(),
    );
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom(...PORTABLE_PLATFORMS), (rows, platform) => {
        const { sockets } = listenersFromConnections(rows, platform);
        expect(sockets.length).toBeLessThanOrEqual(rows.length);
        for (const socket of sockets) {
          const parsed = parseIpAddress(socket.address);
          expect(parsed?.family).toBe(socket.family);
          expect(socket.family === 'ipv4' ? formatIpv4(parsed!.bytes) : formatIpv6(parsed!.bytes)).toBe(socket.address);
          expect(socket.port >= 1 && socket.port <= 65535).toBe(true);
        }
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});
