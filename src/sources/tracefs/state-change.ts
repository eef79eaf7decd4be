import { formatIpv4, formatIpv6 } from '../../model/ip-address.ts';
import { LITTLE_ENDIAN } from '../byte-order.ts';
import type { Field, StateChangeLayout } from './event-format.ts';
import type { EventProtocol, StateChange } from './kernel-event.ts';

const AF_INET = 2;
const AF_INET6 = 10;
/** TCP_LISTEN (include/net/tcp_states.h), for SCTP, DCCP and MPTCP too. */
const LISTEN = 10;

/** The kernel's filter for this event: only what `decodeStateChange` has a use for is written to the buffer at all. */
export const LISTEN_FILTER = `newstate==${LISTEN}||oldstate==${LISTEN}`;

const PROTOCOLS: ReadonlyMap<number, EventProtocol> = new Map([[6, 'tcp'], [33, 'dccp'], [132, 'sctp'], [262, 'mptcp']]);

/**
 * Decodes one record of `sock/inet_sock_set_state`. It has no text: nothing that a process chose but the port and the
 * address it bound.
 * @returns null for another event, and for a change that neither opens nor closes a listener; `unknown` for one that
 * cannot be understood
 */
export function decodeStateChange(data: Uint8Array, timestamp: bigint, layout: StateChangeLayout): StateChange | 'unknown' | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < layout.type.offset + layout.type.size || readUnsigned(view, layout.type) !== layout.id) return null;
  if (data.length < layout.length) return 'unknown';

  const oldState = readUnsigned(view, layout.oldState);
  const newState = readUnsigned(view, layout.newState);
  // MPTCP says a second time that it listens; a filter that someone altered lets other changes through.
  if ((oldState === LISTEN) === (newState === LISTEN)) return null;
  const protocol = PROTOCOLS.get(readUnsigned(view, layout.protocol));
  const family = readUnsigned(view, layout.family);
  if (protocol === undefined || (family !== AF_INET && family !== AF_INET6)) return 'unknown';

  const port = readUnsigned(view, layout.port);
  return {
    kind: newState === LISTEN ? 'listen' : 'close',
    protocol,
    family: family === AF_INET ? 'ipv4' : 'ipv6',
    address: family === AF_INET ? formatIpv4(slice(data, layout.ipv4)) : formatIpv6(slice(data, layout.ipv6)),
    port: port === 0 ? null : port,
    thread: view.getInt32(layout.thread.offset, LITTLE_ENDIAN),
    socket: layout.socket.size === 8 ? view.getBigUint64(layout.socket.offset, LITTLE_ENDIAN) : BigInt(view.getUint32(layout.socket.offset, LITTLE_ENDIAN)),
    timestamp,
  };
}

function slice(data: Uint8Array, { offset, size }: Field): Uint8Array {
  return data.subarray(offset, offset + size);
}

function readUnsigned(view: DataView, { offset, size }: Field): number {
  if (size === 1) return view.getUint8(offset);
  return size === 2 ? view.getUint16(offset, LITTLE_ENDIAN) : view.getUint32(offset, LITTLE_ENDIAN);
}
