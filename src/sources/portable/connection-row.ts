import { bindScope } from '../../model/ip-address.ts';
import { parsePort, readEndpoint } from './endpoint.ts';
import { holderOf } from './holder.ts';
import type { Endpoint, RowProtocol } from './endpoint.ts';
import type { PortablePlatform } from './portable-platform.ts';
import type { SocketRecord } from '../../model/socket.ts';

/**
 * What a row of systeminformation turned out to be: a listener; another socket; a heading of netstat's table, which the
 * library hands out as a row on Windows; or nothing that can be understood.
 */
export type RowReading = SocketRecord | 'other-socket' | 'heading' | 'unreadable';

/** netstat's protocol column: macOS and FreeBSD append the IP versions of the socket, Linux a 6 for IPv6. */
const PROTOCOL = /^(tcp|udp)(4|6|46)?$/;

/** Reads one row of networkConnections(). Total: any value gives a reading, none throws. */
export function readConnectionRow(row: unknown, platform: PortablePlatform): RowReading {
  if (typeof row !== 'object' || row === null) return 'unreadable';
  const { protocol: protocolText, localAddress, localPort, peerAddress, peerPort, state } = row as Record<string, unknown>;
  if (typeof protocolText !== 'string' || typeof localAddress !== 'string') return 'unreadable';
  const protocol = readProtocol(protocolText);
  if (protocol === null) return parsePort(localPort) === null ? 'heading' : 'unreadable';

  if (protocol.transport === 'tcp') {
    if (typeof state !== 'string') return 'unreadable';
    if (!isListening(state, peerAddress, peerPort, platform)) return 'other-socket';
  } else {
    const connected = isConnected(peerAddress, peerPort, protocol, platform);
    if (connected === null) return 'unreadable';
    if (connected) return 'other-socket';
  }

  const local = readEndpoint(localAddress, localPort, protocol, platform);
  if (local === null) return 'unreadable';
  if (local.port === null) return protocol.transport === 'udp' ? 'other-socket' : 'unreadable';
  return socketRecord(protocol, local, local.port, holderOf(row as Record<string, unknown>, platform));
}

function socketRecord(protocol: RowProtocol, local: Endpoint, port: number, holder: SocketRecord['holder']): SocketRecord {
  return {
    protocol: protocol.transport,
    family: local.family,
    address: local.address,
    port,
    interfaceIndex: local.interfaceIndex,
    inode: null,
    uid: null,
    cookie: null,
    v6only: local.v6only,
    cgroupId: null,
    holder,
  };
}

function readProtocol(text: string): RowProtocol | null {
  const match = PROTOCOL.exec(text);
  if (match === null) return null;
  return { transport: match[1] === 'tcp' ? 'tcp' : 'udp', versions: (match[2] ?? '') as RowProtocol['versions'] };
}

/**
 * Windows translates the state, and the library knows English and German only. There a listener is what has no peer:
 * `0.0.0.0:0` or `[::]:0`, in every language.
 */
function isListening(state: string, peerAddress: unknown, peerPort: unknown, platform: PortablePlatform): boolean {
  if (state === 'LISTEN' || state === 'LISTENING') return true;
  return platform === 'win32' && (peerAddress === '0.0.0.0' || peerAddress === '::') && parsePort(peerPort) === 0;
}

/** Whether a UDP socket has a peer; null where the row does not say. A socket with a peer hears nobody else. */
function isConnected(peerAddress: unknown, peerPort: unknown, protocol: RowProtocol, platform: PortablePlatform): boolean | null {
  if (typeof peerAddress !== 'string') return null;
  if (peerAddress === '' || peerAddress === '*') return false;
  const peer = readEndpoint(peerAddress, peerPort, protocol, platform);
  if (peer === null) return null;
  return bindScope(peer.address) !== 'wildcard';
}
