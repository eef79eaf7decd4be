import { endianness } from 'node:os';
import type { NetlinkTransport, Received } from '../../../src/native/netlink-socket.ts';

const LITTLE = endianness() === 'LE';

/** Answers each request with the next list of datagrams, written into the sequence number of the request. */
export function fakeKernel(answers: readonly (readonly (Uint8Array | Exclude<Received, { kind: 'bytes' }>)[])[]): NetlinkTransport & { readonly requests: readonly Uint8Array[] } {
  const requests: Uint8Array[] = [];
  let queue: (Uint8Array | Exclude<Received, { kind: 'bytes' }>)[] = [];
  let sequence = 0;
  return {
    requests,
    send(message) {
      sequence = new DataView(message.buffer, message.byteOffset).getUint32(8, LITTLE);
      requests.push(message.slice());
      queue.push(...(answers[requests.length - 1] ?? []));
    },
    receive() {
      const next = queue.shift();
      if (next === undefined) return { kind: 'lost', reason: 'nothing more was recorded' };
      return next instanceof Uint8Array ? { kind: 'bytes', bytes: withSequence(next, sequence) } : next;
    },
    close() {
      queue = [];
    },
  };
}

/** The same datagram with every message numbered anew. */
export function withSequence(datagram: Uint8Array, sequence: number): Uint8Array {
  const copy = datagram.slice();
  const view = new DataView(copy.buffer);
  for (let offset = 0; offset + 16 <= copy.length; ) {
    view.setUint32(offset + 8, sequence, LITTLE);
    offset += Math.max(16, (view.getUint32(offset, LITTLE) + 3) & ~3);
  }
  return copy;
}

/** One netlink message, laid out by hand after netlink(7). */
export function message(type: number, flags: number, body: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, flags, LITTLE);
  bytes.set(body, 16);
  return bytes;
}

/** A 32-bit number in host order, as bytes. */
export function int32(value: number): readonly number[] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, LITTLE);
  return [...bytes];
}
