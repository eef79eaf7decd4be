import type { UserNames } from './accounts.ts';
import type { HolderSearch, Holding } from './holders.ts';
import { socketKey, type Known, type KnownListener } from './known.ts';
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
 */
export function isAsBefore(known: Known, { listener, sockets, tries }: KnownListener, walk: HolderSearch, reader: OwnerReader, userName: UserNames): boolean {
  const { owners, ownerKind, ownerNote, activation, socketUid, socketUser } = listener;
  if (tries > 0 || ownerKind !== 'process' || ownerNote !== null || activation !== null || socketUser !== (socketUid === null ? null : userName(socketUid))) return false;
  const isHeldAsBefore = sockets.every((socket) => {
    const before = known.holders.get(socketKey(socket));
    return socket.holder === null && before?.complete === true && isSameHoldings(before.holdings, walk.holders.get(socket.inode ?? 0) ?? []);
  });
  return isHeldAsBefore && owners.every((owner) => owner.pid !== SERVICE_MANAGER && reader.read(owner.pid)?.owner === owner);
}

function isSameHoldings(one: readonly Holding[], other: readonly Holding[]): boolean {
  return one.length === other.length && one.every(({ pid, link }, index) => pid === other[index]?.pid && link === other[index].link);
}
