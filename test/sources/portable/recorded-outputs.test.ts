import { describe, expect, it } from 'vitest';
import { listenersFromConnections } from '../../../src/sources/portable/listeners-from-connections.ts';
import { runLibrary } from './run-library.ts';
import type { Recordings } from './run-library.ts';
import type { PortablePlatform } from '../../../src/sources/portable/portable-platform.ts';
import type { SocketDump } from '../../../src/model/socket.ts';

const POSIX = process.platform !== 'win32';

/** What our parser makes of what the real library makes of a recorded output. */
async function dumpOf(platform: PortablePlatform, recordings: Recordings): Promise<SocketDump> {
  return listenersFromConnections(await runLibrary(platform, recordings), platform);
}

function summaryOf(dump: SocketDump): string[] {
  return dump.sockets.map((socket) => {
    const v6only = socket.v6only === null ? '' : socket.v6only ? ' v6only' : ' dual-stack';
    return `${socket.protocol} ${socket.address} ${socket.port}${v6only} ${socket.holder === null ? '-' : `${socket.holder.pid}/${socket.holder.name ?? ''}`}`;
  });
}

function gapsOf(dump: SocketDump): string[] {
  return dump.gaps.map((gap) => `${gap.code} ${gap.count} ${gap.hides}`);
}

describe.skipIf(!POSIX)('macOS', () => {
  const listeners = [
    'tcp 127.0.0.1 5432 901/postgres',
    'tcp ::1 5432 901/postgres',
    'tcp :: 3283 dual-stack 528/ARDAgent',
    'tcp :: 22 v6only 1/launchd',
    'tcp 0.0.0.0 22 1/launchd',
    'tcp fe80::aede:48ff:fe00:1122 49159 77/remoted',
    'tcp 2001:db8:85a3::8a2e:370:7334 8080 4711/node',
    'tcp 127.0.0.1 9225 812/Google Chrome',
    'udp :: 5353 dual-stack 812/Google Chrome',
    'udp 0.0.0.0 5353 230/mDNSResponder',
    'udp :: 5353 v6only 230/mDNSResponder',
    'udp 192.0.2.10 123 88/timed',
  ];

  it.each(['12', '15', '26'])('reads the columns of macOS %s', async (version) => {
    const dump = await dumpOf('darwin', { netstat: `macos-${version}-netstat.txt`, ps: 'macos-ps.txt' });
    expect(summaryOf(dump)).toEqual(listeners);
    expect(gapsOf(dump)).toEqual(['details-unavailable 12 details']);
  });

  it('does not blame the process whose pid the library reads from an IPv6 address', async () => {
    const dump = await dumpOf('darwin', { netstat: 'macos-10.15-netstat.txt', ps: 'macos-ps.txt' });
    expect(summaryOf(dump)).toEqual(['tcp 0.0.0.0 22 1/launchd', 'tcp ::1 631 -', 'tcp 2001:704:1::5 8080 -', 'udp 0.0.0.0 5353 230/mDNSResponder']);
  });

  it('names no owner that ps does not know', async () => {
    const dump = await dumpOf('darwin', { netstat: 'macos-15-netstat.txt' });
    expect(dump.sockets).toHaveLength(listeners.length);
    expect(dump.sockets.filter((socket) => socket.holder !== null)).toEqual([]);
  });

  it('says that it saw nothing where netstat is missing', async () => {
    const dump = await dumpOf('darwin', { ps: 'macos-ps.txt' });
    expect(dump.sockets).toEqual([]);
    expect(gapsOf(dump)).toEqual(['protocol-unavailable 1 listeners']);
  });
});

describe.skipIf(!POSIX)('Windows', () => {
  it.each(['11', '10-german', '10-spanish'])('reads netstat -nao of Windows %s', async (version) => {
    const dump = await dumpOf('win32', { netstat: `windows-${version}-netstat.txt` });
    expect(summaryOf(dump)).toEqual([
      'tcp 0.0.0.0 135 1104/',
      'tcp 0.0.0.0 445 4/',
      'tcp 127.0.0.1 5432 5512/',
      'tcp :: 135 1104/',
      'tcp :: 445 4/',
      'tcp ::1 5173 9120/',
      'tcp 2001:db8::20 8080 5512/',
      'udp 0.0.0.0 123 18004/',
      'udp 0.0.0.0 5353 3796/',
      'udp 0.0.0.0 5353 3796/',
      'udp 127.0.0.1 1900 6432/',
      'udp :: 5353 3796/',
      'udp fe80::88e9:8539:2f4d:81ae 1900 6432/',
    ]);
    expect(dump.sockets.map((socket) => socket.interfaceIndex).filter((index) => index !== 0)).toEqual([16]);
    expect(gapsOf(dump)).toEqual(['details-unavailable 13 details']);
  });
});

describe.skipIf(!POSIX)('BSD', () => {
  it('puts the addresses of FreeBSD together again, and counts the one that netstat cut', async () => {
    const dump = await dumpOf('freebsd', { netstat: 'freebsd-14-netstat.txt' });
    expect(summaryOf(dump)).toEqual([
      'tcp :: 443 dual-stack -',
      'tcp :: 22 v6only -',
      'tcp 0.0.0.0 22 -',
      'tcp 127.0.0.1 25 -',
      'tcp ::1 953 -',
      'tcp fe80::1 53 -',
      'tcp 2001:db8::10 8443 -',
    ]);
    expect(gapsOf(dump)).toEqual(['rows-unreadable 1 listeners', 'udp-unseen 1 listeners', 'details-unavailable 7 owners']);
  });

  it('says that nothing was seen where the library drops every row', async () => {
    const dump = await dumpOf('openbsd', { netstat: 'openbsd-7-netstat.txt' });
    expect(dump.sockets).toEqual([]);
    expect(gapsOf(dump)).toEqual(['protocol-unavailable 1 listeners', 'udp-unseen 1 listeners']);
  });
});

describe.skipIf(!POSIX)('Linux', () => {
  it('reads netstat, without the address that it cut', async () => {
    const dump = await dumpOf('linux', { netstat: 'linux-netstat.txt' });
    expect(summaryOf(dump)).toEqual([
      'tcp 0.0.0.0 22 812/sshd',
      'tcp 127.0.0.1 5432 901/postgres',
      'tcp :: 22 812/sshd',
      'tcp ::1 631 -',
      'tcp ::ffff:127.0.0.1 8005 77/java',
      'tcp 2001:db8:1:2:3::1 1234 11/node',
    ]);
    expect(gapsOf(dump)).toEqual(['rows-unreadable 1 listeners', 'udp-unseen 1 listeners', 'details-unavailable 6 details']);
  });

  it('reads ss where there is no netstat, which tells v6only', async () => {
    const dump = await dumpOf('linux', { ss: 'linux-ss.txt' });
    expect(summaryOf(dump)).toEqual([
      'tcp 127.0.0.53 53 511/systemd-resolve',
      'tcp 0.0.0.0 80 700/nginx',
      'tcp :: 81 dual-stack 11/node',
      'tcp :: 82 v6only 11/node',
      'tcp 2001:db8:1:2:3::1 1234 -',
      'tcp ::ffff:127.0.0.1 8005 77/java',
    ]);
    expect(gapsOf(dump)).toEqual(['udp-unseen 1 listeners', 'details-unavailable 6 details']);
  });

  it('says that nothing was seen where there is neither', async () => {
    const dump = await dumpOf('linux', {});
    expect(gapsOf(dump)).toEqual(['protocol-unavailable 1 listeners', 'udp-unseen 1 listeners']);
  });
});
