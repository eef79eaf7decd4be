import { endianness } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_PEER_ADDRESSES } from '../../../src/model/peers.ts';
import { decodeLocalEnd, decodePeer, dumpPeers, encodePeerRequest, encodePortFilter } from '../../../src/sources/netlink/peers.ts';
import { fakeKernel, int32, message } from './fake-kernel.ts';

const LITTLE = endianness() === 'LE';
const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
const SOCK_DIAG_BY_FAMILY = 20;
const DONE = message(3, 0, int32(0));

/**
 * Runs a filter as the kernel does (inet_diag_bc_run and the checks of inet_diag_bc_audit in net/ipv4/inet_diag.c),
 * written from its source; null for a program that it would refuse with EINVAL.
 */
function runFilter(program: Uint8Array, sourcePort: number): boolean | null {
  const view = new DataView(program.buffer, program.byteOffset);
  let left = program.length;
  let at = 0;
  while (left > 0) {
    const [code, yes, no] = [view.getUint8(at), view.getUint8(at + 1), view.getUint16(at + 2, LITTLE)];
    if (left < 8 || no < 4 || no > left + 4 || no % 4 !== 0 || yes < 4 || yes > left + 4 || yes % 4 !== 0) return null;
    const port = view.getUint16(at + 6, LITTLE);
    if (code !== 2 && code !== 3) return null;
    const step = (code === 2 ? sourcePort >= port : sourcePort <= port) ? yes : no;
    left -= step;
    at += step;
  }
  return left === 0;
}

/** `struct inet_diag_msg` of a connected socket, laid out by hand after linux/inet_diag.h. */
function diagMessage({ family = 2, port = 22, peer }: { family?: number; port?: number; peer: readonly number[] }): number[] {
  const body = new Array<number>(72).fill(0);
  body[0] = family;
  body[1] = 1;
  body[4] = port >> 8;
  body[5] = port & 0xff;
  peer.forEach((byte, index) => (body[24 + index] = byte));
  return body;
}

describe('encodePortFilter', () => {
  it.runIf(LITTLE)('is two comparisons of the source port, each with its two ways on', () => {
    // code yes no(2), then the port in the same place of the next operation
    expect([...encodePortFilter([22, 80])]).toEqual([2, 8, 20, 0, 0, 0, 22, 0, 3, 8, 12, 0, 0, 0, 80, 0]);
  });

  it('accepts exactly the ports of the range, and is a program that the kernel takes', () => {
    const port = fc.integer({ min: 0, max: 65_535 });
    fc.assert(
      fc.property(port, port, port, (one, other, asked) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const program = encodePortFilter([from, to]);
        for (const each of [asked, from, to, Math.max(from - 1, 0), Math.min(to + 1, 65_535)]) expect(runFilter(program, each)).toBe(each >= from && each <= to);
      }),
      { seed: 1, numRuns },
    );
  });
});

describe('encodePeerRequest', () => {
  it.runIf(LITTLE)('asks for the states after the handshake and before TIME_WAIT, with the filter behind it', () => {
    const request = encodePeerRequest('tcp', 'ipv6', [22, 22]);
    expect(request).toHaveLength(56 + 4 + 16);
    expect([...request.subarray(0, 4)]).toEqual([10, 6, 0, 0]);
    const states = new DataView(request.buffer).getUint32(4, true);
    // ESTABLISHED FIN_WAIT1 FIN_WAIT2 CLOSE_WAIT LAST_ACK CLOSING; not SYN_SENT SYN_RECV TIME_WAIT CLOSE LISTEN
    expect(states).toBe(0b1011_0011_0010);
    expect([...request.subarray(56, 60)]).toEqual([20, 0, 1, 0]);
    expect([...encodePeerRequest('udp', 'ipv4', [5, 5]).subarray(0, 8)]).toEqual([2, 17, 0, 0, 2, 0, 0, 0]);
  });
});

describe('decodePeer', () => {
  it('reads the remote address; one that came over a dual-stack socket is IPv4', () => {
    expect(decodePeer(new Uint8Array(diagMessage({ peer: [192, 0, 2, 7] })))).toEqual({ localPort: 22, address: '192.0.2.7' });
    expect(decodePeer(new Uint8Array(diagMessage({ family: 10, peer: [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] })))).toEqual({ localPort: 22, address: '2001:db8::1' });
    expect(decodePeer(new Uint8Array(diagMessage({ family: 10, peer: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7] })))).toEqual({ localPort: 22, address: '192.0.2.7' });
  });

  it('gives null for what is no such message, whatever it is', () => {
    expect(decodePeer(new Uint8Array(71))).toBeNull();
    expect(decodePeer(new Uint8Array(diagMessage({ family: 1, peer: [] })))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const peer = decodePeer(bytes);
        expect(peer === null || (bytes.length >= 72 && peer.address !== '')).toBe(true);
      }),
      { seed: 1, numRuns },
    );
  });
});

describe('dumpPeers', () => {
  const peer = (...last: number[]): Uint8Array => message(SOCK_DIAG_BY_FAMILY, 0, diagMessage({ peer: [192, 0, 2, ...last] }));

  it('counts by address, most first, over both families', () => {
    const mapped = message(SOCK_DIAG_BY_FAMILY, 0, diagMessage({ family: 10, peer: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 9] }));
    const { peers, gaps } = dumpPeers(fakeKernel([[peer(7), peer(9), DONE], [mapped, DONE]]), 'tcp', [22, 22]);
    expect(peers).toEqual([{ protocol: 'tcp', total: 3, addresses: 2, top: [{ address: '192.0.2.9', connections: 2 }, { address: '192.0.2.7', connections: 1 }] }]);
    expect(gaps).toEqual([]);
  });

  it('forgets an attempt that the kernel interrupted', () => {
    const interrupted = message(3, 0x10, int32(0));
    const { peers } = dumpPeers(fakeKernel([[peer(7), interrupted], [peer(8), DONE], [DONE]]), 'tcp', [22, 22]);
    expect(peers[0]).toMatchObject({ total: 1, top: [{ address: '192.0.2.8' }] });
  });

  it('does not count a socket on another port, should a kernel not filter', () => {
    const other = message(SOCK_DIAG_BY_FAMILY, 0, diagMessage({ port: 23, peer: [192, 0, 2, 7] }));
    expect(dumpPeers(fakeKernel([[other, DONE], [DONE]]), 'tcp', [22, 22]).peers[0]).toMatchObject({ total: 0, top: [] });
  });

  it('says what it was refused, and does not call that "nobody"', () => {
    const refused = message(3, 0, int32(-22));
    const { peers, gaps } = dumpPeers(fakeKernel([[refused], [refused]]), 'tcp', [22, 22]);
    expect(peers).toEqual([]);
    expect(gaps.map(({ code, hides }) => [code, hides])).toEqual([['protocol-unavailable', 'details'], ['protocol-unavailable', 'details']]);
    expect(gaps[0]?.detail).toContain('EINVAL');
  });

  it('counts 100,000 peers and keeps no more addresses than it promises', () => {
    const rows = Array.from({ length: 100_000 }, (_, index) => [10, index >> 16, (index >> 8) & 0xff, index & 0xff]);
    const datagrams: Uint8Array[] = [];
    for (let at = 0; at < rows.length; at += 400) datagrams.push(Buffer.concat(rows.slice(at, at + 400).map((row) => message(SOCK_DIAG_BY_FAMILY, 0, diagMessage({ peer: row })))));
    const { peers } = dumpPeers(fakeKernel([[...datagrams, DONE], [DONE]]), 'tcp', [22, 22]);
    expect(peers[0]).toMatchObject({ total: 100_000, addresses: MOST_PEER_ADDRESSES });
    expect(peers[0]?.top).toHaveLength(10);
  });
});

describe('decodeLocalEnd', () => {
  it('gives the address and port on this side, an IPv4-mapped one as IPv4', () => {
    const ipv4 = diagMessage({ port: 5432, peer: [192, 0, 2, 7] });
    ipv4.splice(8, 4, 10, 0, 0, 5);
    expect(decodeLocalEnd(Uint8Array.from(ipv4))).toEqual({ port: 5432, address: '10.0.0.5' });
    const mapped = diagMessage({ family: 10, port: 80, peer: [] });
    mapped.splice(8, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1);
    expect(decodeLocalEnd(Uint8Array.from(mapped))).toEqual({ port: 80, address: '127.0.0.1' });
  });

  it('refuses what is not such a message', () => {
    expect(decodeLocalEnd(new Uint8Array(71))).toBeNull();
    expect(decodeLocalEnd(Uint8Array.from(diagMessage({ family: 1, peer: [] })))).toBeNull();
  });
});
