import { formatIpv4, formatIpv6 } from '../../model/ip-address.ts';
import type { Protocol, SocketRecord } from '../../model/socket.ts';
import { LITTLE_ENDIAN } from '../byte-order.ts';
import { readAttributes, viewOf } from './messages.ts';

/** Netlink message type of NETLINK_SOCK_DIAG (sock_diag(7)). */
export const SOCK_DIAG_BY_FAMILY = 20;

const AF_INET = 2;
const AF_INET6 = 10;

/** Kernel states (include/net/tcp_states.h). An unconnected UDP socket is in TCP_CLOSE. SCTP counts in its own way. */
const STATE_CLOSE = 7;
const STATE_LISTEN = 10;

export interface DiagTable {
  readonly protocol: Exclude<Protocol, 'raw'>;
  /** IPPROTO_*. */
  readonly number: number;
  readonly state: number;
  /** The name in /proc/net/protocols, which says whether the kernel has the protocol loaded. */
  readonly procName: string;
}

/**
 * The tables with something to listen on. A table whose protocol is not loaded is not asked for: the question alone
 * would make the kernel load the module, and an audit must not widen what it audits.
 */
export const DIAG_TABLES: readonly DiagTable[] = [
  { protocol: 'tcp', number: 6, state: STATE_LISTEN, procName: 'TCP' },
  { protocol: 'udp', number: 17, state: STATE_CLOSE, procName: 'UDP' },
  { protocol: 'udplite', number: 136, state: STATE_CLOSE, procName: 'UDP-Lite' },
  { protocol: 'sctp', number: 132, state: STATE_LISTEN, procName: 'SCTP' },
  { protocol: 'dccp', number: 33, state: STATE_LISTEN, procName: 'DCCP' },
];

/** Builds `struct inet_diag_req_v2` (56 bytes), asking for one table in the state that listens (linux/inet_diag.h). */
export function encodeDiagRequest(table: DiagTable, family: 'ipv4' | 'ipv6'): Uint8Array {
  const body = new Uint8Array(56);
  body[0] = family === 'ipv4' ? AF_INET : AF_INET6;
  body[1] = table.number;
  viewOf(body).setUint32(4, 1 << table.state, LITTLE_ENDIAN);
  return body;
}

/** Length of `struct inet_diag_msg`. */
export const DIAG_MESSAGE_LENGTH = 72;
const INET_DIAG_SKV6ONLY = 11;
const INET_DIAG_LOCALS = 12;
const INET_DIAG_CGROUP_ID = 21;

/**
 * Decodes one `struct inet_diag_msg` and its attributes. Ports and addresses are in network byte order, the rest in
 * the host's. An SCTP endpoint with several local addresses gives a record for each.
 * @returns null for bytes that are not such a message
 */
export function decodeDiagMessage(bytes: Uint8Array, table: DiagTable): readonly SocketRecord[] | null {
  if (bytes.length < DIAG_MESSAGE_LENGTH) return null;
  const view = viewOf(bytes);
  const familyNumber = bytes[0];
  if (familyNumber !== AF_INET && familyNumber !== AF_INET6) return null;
  const family = familyNumber === AF_INET ? 'ipv4' : 'ipv6';
  // Dumps are filtered by state in the kernel; one that is not would put clients among the listeners.
  if (bytes[1] !== table.state) return [];

  let v6only: boolean | null = null;
  let cgroupId: bigint | null = null;
  let addresses: readonly string[] | null = null;
  const whole = readAttributes(bytes.subarray(DIAG_MESSAGE_LENGTH), (type, value) => {
    if (type === INET_DIAG_SKV6ONLY && value.length >= 1) v6only = value[0] !== 0;
    else if (type === INET_DIAG_CGROUP_ID && value.length >= 8) cgroupId = viewOf(value).getBigUint64(0, LITTLE_ENDIAN);
    else if (type === INET_DIAG_LOCALS) addresses = decodeLocals(value);
  });
  if (!whole) return null;

  const source = bytes.subarray(8, 24);
  const record: SocketRecord = {
    protocol: table.protocol,
    family,
    address: family === 'ipv4' ? formatIpv4(source.subarray(0, 4)) : formatIpv6(source),
    port: view.getUint16(4, false),
    interfaceIndex: view.getUint32(40, LITTLE_ENDIAN),
    inode: view.getUint32(68, LITTLE_ENDIAN),
    uid: view.getUint32(64, LITTLE_ENDIAN),
    // Two 32-bit halves, the low one first, whatever the byte order (net/core/sock_diag.c).
    cookie: (BigInt(view.getUint32(48, LITTLE_ENDIAN)) << 32n) | BigInt(view.getUint32(44, LITTLE_ENDIAN)),
    v6only: family === 'ipv6' ? v6only : null,
    cgroupId,
    holder: null,
  };
  const locals = addresses as readonly string[] | null;
  if (locals === null || locals.length === 0) return [record];
  return locals.map((address) => ({ ...record, address, family: address.includes(':') ? 'ipv6' : 'ipv4' }));
}

const SOCKADDR_STORAGE_LENGTH = 128;

/** INET_DIAG_LOCALS: an array of `struct sockaddr_storage` (net/sctp/diag.c). */
function decodeLocals(bytes: Uint8Array): readonly string[] {
  const addresses: string[] = [];
  for (let offset = 0; offset + SOCKADDR_STORAGE_LENGTH <= bytes.length; offset += SOCKADDR_STORAGE_LENGTH) {
    const entry = bytes.subarray(offset, offset + SOCKADDR_STORAGE_LENGTH);
    const family = viewOf(entry).getUint16(0, LITTLE_ENDIAN);
    if (family === AF_INET) addresses.push(formatIpv4(entry.subarray(4, 8)));
    else if (family === AF_INET6) addresses.push(formatIpv6(entry.subarray(8, 24)));
  }
  return addresses;
}
