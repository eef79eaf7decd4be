import type { Owner, UnknownReason } from '../model/listener.ts';
import type { SocketRecord } from '../model/socket.ts';
import type { NamespaceSockets, SocketGroup } from './fold.ts';
import { socketKey, type KnownHolders, type SocketKey } from './known.ts';

/** A listener on its way to an owner. */
export interface Candidate {
  readonly from: NamespaceSockets;
  readonly group: SocketGroup;
  owners: readonly Owner[];
  /** Who holds each of its sockets. */
  readonly holders: Map<SocketKey, KnownHolders>;
  /** Sockets that have a holder, and of which the kernel named another that /proc did not show. */
  doubtful: readonly SocketRecord[];
  /** Of the owners, those that /proc hides. */
  readonly concealed: Owner[];
  /** Sockets of the group that no process was found to hold. */
  unheld: readonly SocketRecord[];
  unowned: { readonly kind: 'kernel' | 'unknown'; readonly code: 'kernel' | UnknownReason; readonly detail: string } | null;
}

export function createCandidate(from: NamespaceSockets, group: SocketGroup): Candidate {
  return { from, group, owners: [], holders: new Map(), doubtful: [], concealed: [], unheld: group.sockets, unowned: null };
}

/** Whether a socket of it still has neither a holder nor a reason for having none. */
export function isOpen({ unheld, unowned }: Candidate): boolean {
  return unheld.length > 0 && unowned === null;
}

/** Whether every process was asked for each of its sockets. */
export function hasAllOwners({ group, holders }: Candidate): boolean {
  return group.sockets.every((socket) => holders.get(socketKey(socket))?.complete !== false);
}

export function byNamespace(candidates: readonly Candidate[]): ReadonlyMap<NamespaceSockets, readonly Candidate[]> {
  const groups = new Map<NamespaceSockets, Candidate[]>();
  for (const candidate of candidates) {
    const group = groups.get(candidate.from);
    if (group === undefined) groups.set(candidate.from, [candidate]);
    else group.push(candidate);
  }
  return groups;
}
