import type { UserNames } from './accounts.ts';
import type { HolderSearch } from './holders.ts';
import { socketKey, type Known, type KnownHolders, type KnownListener } from './known.ts';
import type { OwnerReader } from './name-owners.ts';

/** What an earlier inventory found, for one that asks for everything anew: what turns out to be as it was is the same object. */
export interface Reexamination {
  readonly known: Known;
}

/** The first process holds sockets for units, which are named by files that may have changed. */
const SERVICE_MANAGER = 1;

/**
 * Whether what a listener with the same sockets was made of says the same now that it was read again: all their holders by a
 * walk over all processes, each of these processes, and the account.
 *
 * A process that says the same also started when it did: it is the one that was known before the walk, so that its pid was
 * no one else's during it.
 * @param held of which this walk is known to say that they are held as before; takes those that turn out to be
 */
export function isAsBefore(known: Known, former: KnownListener, walk: HolderSearch, held: WeakSet<KnownListener>, reader: OwnerReader, userName: UserNames): boolean {
  const { owners, ownerKind, ownerNote, activation, socketUid, socketUser } = former.listener;
  if (former.tries > 0 || ownerKind !== 'process' || ownerNote !== null || activation !== null || socketUser !== (socketUid === null ? null : userName(socketUid))) return false;
  for (const owner of owners) if (owner.pid === SERVICE_MANAGER || reader.read(owner.pid)?.owner !== owner) return false;
  if (held.has(former)) return true;
  const isHeldAsBefore = former.sockets.every((socket) => {
    const before = known.holders.get(socketKey(socket));
    return socket.holder === null && before !== undefined && isSameHolders(before, { holdings: walk.holders.get(socket.inode ?? 0) ?? [], complete: true });
  });
  if (isHeldAsBefore) held.add(former);
  return isHeldAsBefore;
}

export function isSameHolders(one: KnownHolders, other: KnownHolders): boolean {
  const { holdings } = other;
  return one.complete === other.complete && one.holdings.length === holdings.length && one.holdings.every(({ pid, link }, index) => pid === holdings[index]?.pid && link === holdings[index].link);
}
