import type { Gap } from './coverage.ts';

/** Transports whose sockets have a peer that a source can tell. */
export type ConnectedProtocol = 'tcp' | 'udp';

/** Which connected sockets are asked for: those whose local port lies in the range, both ends inclusive. */
export interface PeerQuestion {
  readonly ports: readonly [number, number];
  readonly protocols: readonly ConnectedProtocol[];
}

/** Who is connected to local ports over one protocol. */
export interface ConnectedPeers {
  readonly protocol: ConnectedProtocol;
  /** Sockets that are connected. */
  readonly total: number;
  /** Different remote addresses; counting stops at MOST_PEER_ADDRESSES. */
  readonly addresses: number;
  /** The addresses with the most connections, most first, at most MOST_TOP_PEERS. An IPv4-mapped address is shown as IPv4. */
  readonly top: readonly { readonly address: string; readonly connections: number }[];
}

/** Enough for any list that a person reads. */
export const MOST_TOP_PEERS = 10;
/** Whoever can open connections from a whole /64 shall not fill this process's memory with their addresses. */
export const MOST_PEER_ADDRESSES = 65_536;

/** One entry for each protocol that could be read, and what could not be. */
export interface PeerReading {
  readonly peers: readonly ConnectedPeers[];
  readonly gaps: readonly Gap[];
}

/** Local ends of connections, as `nameLocalEnd` names them. */
export type LocalEnds = ReadonlySet<string>;

/** An IPv4-mapped address is given as IPv4. */
export function nameLocalEnd(protocol: ConnectedProtocol, address: string, port: number): string {
  return `${protocol} ${address} ${port}`;
}
