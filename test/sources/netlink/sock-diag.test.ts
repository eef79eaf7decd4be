import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SocketRecord } from '../../../src/model/socket.ts';
import { readAttributes, readDatagram } from '../../../src/sources/netlink/messages.ts';
import { decodeDiagMessage, DIAG_TABLES, encodeDiagRequest, SOCK_DIAG_BY_FAMILY, type DiagTable } from '../../../src/sources/netlink/sock-diag.ts';
import { captured, datagramsOf } from '../../fixtures/netlink/captured.ts';

const [TCP, UDP, UDPLITE, SCTP] = DIAG_TABLES as [DiagTable, DiagTable, DiagTable, DiagTable];
const fuzz = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

function decodeDump(name: string, table: DiagTable): SocketRecord[] {
  const { sequence, datagrams } = datagramsOf(name);
  const sockets: SocketRecord[] = [];
  let done = false;
  for (const datagram of datagrams) {
    const end = readDatagram(datagram, sequence, (type, bytes, from, to) => {
      const records = type === SOCK_DIAG_BY_FAMILY ? decodeDiagMessage(bytes.subarray(from, to), table) : null;
      sockets.push(...(records ?? []));
      return records !== null;
    });
    expect(end.malformed).toBe(0);
    done ||= end.done;
  }
  expect(done).toBe(true);
  return sockets;
}

/** The record of a socket by the name under which it was recorded. */
function recorded(sockets: readonly SocketRecord[], name: string): SocketRecord | undefined {
  return sockets.find((socket) => socket.inode === captured.sockets[name]?.inode);
}

describe('decoding what a real kernel answered', () => {
  const tcp4 = decodeDump('tcp-ipv4', TCP);
  const tcp6 = decodeDump('tcp-ipv6', TCP);
  const udp4 = decodeDump('udp-ipv4', UDP);

  it('gives every TCP listener over IPv4 with address, port, uid, inode and cookie', () => {
    expect(tcp4.map(({ address, port }) => `${address}:${port}`).sort()).toEqual(['0.0.0.0:1276', '0.0.0.0:8080', '0.0.0.0:8080', '127.0.0.1:1302']);
    expect(recorded(tcp4, 'tcp4-loopback')).toEqual({
      protocol: 'tcp',
      family: 'ipv4',
      address: '127.0.0.1',
      port: 1302,
      interfaceIndex: 0,
      inode: captured.sockets['tcp4-loopback']?.inode,
      uid: 0,
      cookie: BigInt(captured.sockets['tcp4-loopback']?.cookie ?? ''),
      v6only: null,
      cgroupId: 1n,
      holder: null,
    });
  });

  it('gives the interface of SO_BINDTODEVICE', () => {
    expect(recorded(tcp4, 'tcp4-wild-dev-lo')?.interfaceIndex).toBe(1);
  });

  it('tells IPV6_V6ONLY from dual-stack', () => {
    expect(recorded(tcp6, 'tcp6-dual')).toMatchObject({ address: '::', port: 10_276, v6only: false });
    expect(recorded(tcp6, 'tcp6-v6only')).toMatchObject({ address: '::', port: 443, v6only: true });
    expect(recorded(tcp6, 'tcp6-loopback')).toMatchObject({ address: '::1', port: 5432 });
  });

  it('has neither connected UDP sockets nor bound TCP sockets that do not listen', () => {
    expect(recorded(udp4, 'udp4')).toMatchObject({ protocol: 'udp', address: '127.0.0.53', port: 53 });
    expect(recorded(udp4, 'udp4-connected')).toBeUndefined();
    expect(recorded(tcp4, 'tcp4-bound-only')).toBeUndefined();
  });

  it('reads UDP over IPv6 and UDP-Lite', () => {
    expect(recorded(decodeDump('udp-ipv6', UDP), 'udp6-dual')).toMatchObject({ family: 'ipv6', address: '::', port: 5353, v6only: false });
    expect(recorded(decodeDump('udplite-ipv4', UDPLITE), 'udplite4')).toMatchObject({ protocol: 'udplite', address: '127.0.0.1', port: 5000 });
  });

  it('gives the errno with which the kernel refuses an unknown protocol', () => {
    const { sequence, datagrams } = datagramsOf('unknown-protocol');
    const end = readDatagram(datagrams[0]!, sequence, () => true);
    expect(end).toEqual({ done: true, interrupted: false, errno: 2, malformed: 0 });
  });
});

describe('requests', () => {
  it('asks for one protocol, family and state (struct inet_diag_req_v2)', () => {
    const body = encodeDiagRequest(UDP, 'ipv6');
    expect(body.length).toBe(56);
    expect([body[0], body[1], body[2]]).toEqual([10, 17, 0]);
    expect(new Uint32Array(body.slice(4, 8).buffer)[0]).toBe(1 << 7);
  });
});

describe('bytes that are not what they should be', () => {
  const message = (): Uint8Array => {
    const body = new Uint8Array(72);
    body.set([2, 10]);
    body.set([0x05, 0x16, 0, 0, 192, 168, 1, 9], 4);
    return body;
  };

  it('takes a message without attributes', () => {
    expect(decodeDiagMessage(message(), TCP)).toMatchObject([{ address: '192.168.1.9', port: 1302, v6only: null, cgroupId: null }]);
  });

  it('refuses a short message, an unknown family and an attribute longer than the message', () => {
    expect(decodeDiagMessage(message().subarray(0, 71), TCP)).toBeNull();
    expect(decodeDiagMessage(message().fill(77, 0, 1), TCP)).toBeNull();
    expect(decodeDiagMessage(Uint8Array.of(...message(), 255, 0, 11, 0), TCP)).toBeNull();
  });

  it('passes over a socket in another state than was asked for', () => {
    expect(decodeDiagMessage(message().fill(1, 1, 2), TCP)).toEqual([]);
  });

  it('gives a record for each local address of an SCTP endpoint', () => {
    const locals = new Uint8Array(4 + 2 * 128);
    new DataView(locals.buffer).setUint16(0, locals.length, true);
    locals[2] = 12;
    locals.set([2, 0, 0, 0, 10, 0, 0, 1], 4);
    locals.set([10, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0x80], 4 + 128);
    const records = decodeDiagMessage(Uint8Array.of(...message(), ...locals), SCTP);
    expect(records?.map(({ family, address, port }) => [family, address, port])).toEqual([
      ['ipv4', '10.0.0.1', 1302],
      ['ipv6', 'fe80::', 1302],
    ]);
  });

  it('survives any bytes as a datagram, and counts what it could not read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), (bytes, sequence) => {
        const end = readDatagram(bytes, sequence, (_type, all, from, to) => decodeDiagMessage(all.subarray(from, to), TCP) !== null);
        expect(end.malformed).toBeGreaterThanOrEqual(0);
      }),
      fuzz,
    );
  });

  it('survives flipped bytes and cuts anywhere in a real dump', () => {
    const { sequence, datagrams } = datagramsOf('tcp-ipv6');
    const whole = datagrams[0]!;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), fc.nat(whole.length), (flips, cut) => {
        const bytes = whole.slice(0, cut);
        for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
        readDatagram(bytes, sequence, (_type, all, from, to) => {
          for (const record of decodeDiagMessage(all.subarray(from, to), TCP) ?? []) expect(record.port).toBeLessThanOrEqual(65_535);
          return true;
        });
      }),
      fuzz,
    );
  });

  it('walks any attribute bytes to an end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        let seen = 0;
        readAttributes(bytes, () => (seen += 1));
        expect(seen).toBeLessThanOrEqual(bytes.length / 4);
      }),
      fuzz,
    );
  });
});
