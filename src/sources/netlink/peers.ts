import type { Gap } from '../../model/coverage.ts';
import { formatIpv4, formatIpv6 } from '../../model/ip-address.ts';
import { nameLocalEnd, type ConnectedProtocol, type LocalEnds, type PeerQuestion, type PeerReading } from '../../model/peers.ts';
import type { Family } from '../../model/socket.ts';
import { errnoName } from '../../native/errno.ts';
import { insideNetworkNamespace } from '../../native/network-namespace.ts';
import { NETLINK_SOCK_DIAG, openNetlinkSocket, type NetlinkTransport } from '../../native/netlink-socket.ts';
import { LITTLE_ENDIAN } from '../byte-order.ts';
import { addPeer, countPeers, startTally, unmapAddress, type PeerTally } from '../tally-peers.ts';
import { runDump, type DumpOutcome } from './dump.ts';
import { encodeAttribute, viewOf } from './messages.ts';
import { SOCK_DIAG_BY_FAMILY } from './sock-diag.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const PROTOCOL_NUMBERS: Readonly<Record<ConnectedProtocol, number>> = { tcp: 6, udp: 17 };

/**
 * States (include/net/tcp_states.h) in which both ends know each other and a socket still exists here: ESTABLISHED,
 * FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING. Half-open ones are left out, whose address anyone can forge, and
 * TIME_WAIT, which nobody holds any more. A connected UDP socket is ESTABLISHED.
 */
export const CONNECTED_STATES: Readonly<Record<ConnectedProtocol, readonly number[]>> = { tcp: [1, 4, 5, 8, 9, 11], udp: [1] };

const INET_DIAG_REQ_BYTECODE = 1;
// Operations of linux/inet_diag.h that compare the local port. The newer S_EQ does in one what these two do on every kernel.
const INET_DIAG_BC_S_GE = 2;
const INET_DIAG_BC_S_LE = 3;
/** `struct inet_diag_bc_op`: code (1 byte), yes (1), no (2). A comparison of ports is two of them; `no` of the second is the port. */
const COMPARISON_LENGTH = 8;

/**
 * The program by which the kernel passes over every socket whose local port is not in the range: among 16,000 connected
 * sockets an empty answer takes 5 ms, against 54 ms through /proc/net; all of 8,000 peers take 20 ms. Each comparison says
 * how far to go on when it holds and when not; to end exactly at the end of the program accepts, to overshoot it by one
 * operation rejects (inet_diag_bc_run in net/ipv4/inet_diag.c).
 */
export function encodePortFilter([from, to]: readonly [number, number]): Uint8Array {
  const program = new Uint8Array(2 * COMPARISON_LENGTH);
  const view = viewOf(program);
  for (const [index, operation, port] of [[0, INET_DIAG_BC_S_GE, from], [1, INET_DIAG_BC_S_LE, to]] as const) {
    const at = index * COMPARISON_LENGTH;
    program[at] = operation;
    program[at + 1] = COMPARISON_LENGTH;
    view.setUint16(at + 2, program.length - at + 4, LITTLE_ENDIAN);
    view.setUint16(at + 6, port, LITTLE_ENDIAN);
  }
  return program;
}

/** Builds `struct inet_diag_req_v2` for connected sockets, followed by the filter (sock_diag(7)). */
export function encodePeerRequest(protocol: ConnectedProtocol, family: Family, ports: readonly [number, number]): Uint8Array {
  const filter = encodeAttribute(INET_DIAG_REQ_BYTECODE, encodePortFilter(ports));
  const body = new Uint8Array(56 + filter.length);
  body[0] = family === 'ipv4' ? AF_INET : AF_INET6;
  body[1] = PROTOCOL_NUMBERS[protocol];
  viewOf(body).setUint32(4, CONNECTED_STATES[protocol].reduce((states, state) => states | (1 << state), 0), LITTLE_ENDIAN);
  body.set(filter, 56);
  return body;
}

/** Length of `struct inet_diag_msg`; ports stand at 4 and 6, the addresses at 8 (local) and 24 (remote). */
const MESSAGE_LENGTH = 72;

/** The remote address in one `struct inet_diag_msg`; null for bytes that are not such a message about a connected socket. */
export function decodePeer(bytes: Uint8Array): { readonly localPort: number; readonly address: string } | null {
  const address = decodeAddressAt(bytes, 24);
  return address === null ? null : { localPort: viewOf(bytes).getUint16(4, false), address };
}

/** Likewise the local address and port, which tell the listener that took the connection. */
export function decodeLocalEnd(bytes: Uint8Array): { readonly port: number; readonly address: string } | null {
  const address = decodeAddressAt(bytes, 8);
  return address === null ? null : { port: viewOf(bytes).getUint16(4, false), address };
}

function decodeAddressAt(bytes: Uint8Array, offset: number): string | null {
  if (bytes.length < MESSAGE_LENGTH) return null;
  const family = bytes[0];
  if (family !== AF_INET && family !== AF_INET6) return null;
  return family === AF_INET ? formatIpv4(bytes.subarray(offset, offset + 4)) : unmapAddress(formatIpv6(bytes.subarray(offset, offset + 16)));
}

/**
 * Who is connected to local ports, as the kernel has it; it filters by state and port itself. `namespacePath` as in
 * SocketSource.
 * @throws PortreeveError `source-unsupported`, `source-failed`
 */
export function readNetlinkPeers(question: PeerQuestion, namespacePath?: string): PeerReading {
  return namespacePath === undefined ? readHere(question) : insideNetworkNamespace(namespacePath, () => readHere(question));
}

/**
 * The local ends of all connections to these ports, without saying who is at the other. `namespacePath` as above. Null
 * where the kernel did not give them whole.
 * @throws as `readNetlinkPeers`
 */
export function readNetlinkLocalEnds(question: PeerQuestion, wanted: ReadonlySet<number>, namespacePath?: string): LocalEnds | null {
  return namespacePath === undefined ? localEndsHere(question, wanted) : insideNetworkNamespace(namespacePath, () => localEndsHere(question, wanted));
}

function localEndsHere({ protocols, ports }: PeerQuestion, wanted: ReadonlySet<number>): LocalEnds | null {
  const transport = openNetlinkSocket(NETLINK_SOCK_DIAG);
  const ends = new Set<string>();
  try {
    for (const protocol of protocols) {
      for (const family of ['ipv4', 'ipv6'] as const) {
        const { errno, incomplete, malformed } = runDump(transport, SOCK_DIAG_BY_FAMILY, encodePeerRequest(protocol, family, ports), () => (type, body) => {
          const end = type === SOCK_DIAG_BY_FAMILY ? decodeLocalEnd(body) : null;
          if (end !== null && wanted.has(end.port)) ends.add(nameLocalEnd(protocol, end.address, end.port));
          return end !== null;
        });
        if (errno !== null || incomplete !== null || malformed > 0) return null;
      }
    }
  } finally {
    transport.close();
  }
  return ends;
}

function readHere(question: PeerQuestion): PeerReading {
  const transport = openNetlinkSocket(NETLINK_SOCK_DIAG);
  try {
    const read = question.protocols.map((protocol) => dumpPeers(transport, protocol, question.ports));
    return { peers: read.flatMap(({ peers }) => peers), gaps: read.flatMap(({ gaps }) => gaps) };
  } finally {
    transport.close();
  }
}

/** Asks for one protocol in both families over an open transport; without an entry where the kernel has no answer. */
export function dumpPeers(transport: NetlinkTransport, protocol: ConnectedProtocol, ports: readonly [number, number]): PeerReading {
  const tallies: PeerTally[] = [];
  const gaps: Gap[] = [];
  for (const family of ['ipv4', 'ipv6'] as const) {
    let tally = startTally();
    const outcome = runDump(transport, SOCK_DIAG_BY_FAMILY, encodePeerRequest(protocol, family, ports), () => {
      tally = startTally();
      return (type, body) => type === SOCK_DIAG_BY_FAMILY && takePeer(body, ports, tally);
    });
    gaps.push(...gapsOf(outcome, `${protocol} over ${family}`));
    if (outcome.errno === null) tallies.push(tally);
  }
  return { peers: tallies.length === 0 ? [] : [countPeers(protocol, tallies)], gaps };
}

function takePeer(body: Uint8Array, [from, to]: readonly [number, number], tally: PeerTally): boolean {
  const peer = decodePeer(body);
  if (peer === null) return false;
  // Filtered in the kernel already; one that is not would be blamed on the wrong port.
  if (peer.localPort >= from && peer.localPort <= to) addPeer(tally, peer.address);
  return true;
}

/** What is not known of peers hides no listener. */
function gapsOf({ errno, incomplete, detail, malformed }: DumpOutcome, title: string): readonly Gap[] {
  const gap = (code: Gap['code'], text: string, count: number): Gap => ({ code, detail: `connections by ${title}: ${text}`, count, hides: 'details' });
  return [
    ...(errno === null ? [] : [gap('protocol-unavailable', `the kernel did not give them: ${errnoName(errno)}`, 1)]),
    ...(incomplete === null ? [] : [gap(incomplete === 'truncated' ? 'dump-truncated' : 'dump-interrupted', detail ?? 'not all could be read; there are at least as many as shown', 1)]),
    ...(malformed === 0 ? [] : [gap('rows-unreadable', 'messages from the kernel that could not be understood', malformed)]),
  ];
}
