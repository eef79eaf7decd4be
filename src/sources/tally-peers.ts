import { MOST_PEER_ADDRESSES, MOST_TOP_PEERS, type ConnectedPeers, type ConnectedProtocol } from '../model/peers.ts';

/** Connections by remote address. Memory is bounded however many addresses come. */
export interface PeerTally {
  total: number;
  readonly connections: Map<string, number>;
}

export function startTally(): PeerTally {
  return { total: 0, connections: new Map() };
}

export function addPeer(tally: PeerTally, address: string, connections = 1): void {
  const known = tally.connections.get(address);
  if (known !== undefined) tally.connections.set(address, known + connections);
  else if (tally.connections.size < MOST_PEER_ADDRESSES) tally.connections.set(address, connections);
  tally.total += connections;
}

/** Joins what was counted over IPv4 and IPv6: a peer of a dual-stack socket may be in both. */
export function countPeers(protocol: ConnectedProtocol, tallies: readonly PeerTally[]): ConnectedPeers {
  const joined = startTally();
  for (const { connections } of tallies) for (const [address, number] of connections) addPeer(joined, address, number);
  const top = [...joined.connections]
    .sort(([left, fewer], [right, more]) => more - fewer || (left < right ? -1 : 1))
    .slice(0, MOST_TOP_PEERS)
    .map(([address, connections]) => ({ address, connections }));
  return { protocol, total: tallies.reduce((sum, { total }) => sum + total, 0), addresses: joined.connections.size, top };
}

const MAPPED_PREFIX = '::ffff:';

/** A dual-stack socket names its IPv4 peers as `::ffff:192.0.2.1`; the same peer over IPv4 is the same peer. */
export function unmapAddress(address: string): string {
  return address.startsWith(MAPPED_PREFIX) && address.includes('.') ? address.slice(MAPPED_PREFIX.length) : address;
}
