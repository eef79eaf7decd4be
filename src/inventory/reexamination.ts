import type { UserNames } from './accounts.ts';
import type { HolderSearch } from './holders.ts';
import { socketKey, type Known, type KnownHolders, type KnownListener, type Steady } from './known.ts';
import type { OwnerReader } from './name-owners.ts';

/** What an earlier inventory found, for one that asks for everything anew: what turns out to be as it was is the same object. */
export interface Reexamination {
  readonly known: Known;
}

/** The first process holds sockets for units, which are named by files that may have changed. */
const SERVICE_MANAGER = 1;

/** What was found by an earlier reexamination, where all that it rests on says the same; else nothing, to be found anew. */
export function recallSteady(before: Steady | null, { holders }: HolderSearch, reader: OwnerReader, userName: UserNames): Steady {
  const isSame = before?.holders === holders && [...before.owners].every((owner) => reader.read(owner.pid)?.owner === owner) && [...before.userNames].every(([uid, name]) => userName(uid) === name);
  return isSame ? before : { listeners: new WeakSet(), holders, owners: new Set(), userNames: new Map() };
}

/**
 * Whether what a listener with the same sockets was made of says the same now that it was read again: all their holders by a
 * walk over all processes, each of these processes, and the account.
 *
 * A process that says the same also started when it did: it is the one that was known before the walk, so that its pid was
 * no one else's during it.
 * @param steady what needs no comparison; takes what turns out to be as before
 */
export function isAsBefore(known: Known, former: KnownListener, walk: HolderSearch, steady: Steady, reader: OwnerReader, userName: UserNames): boolean {
  if (steady.listeners.has(former)) return true;
  const { owners, ownerKind, ownerNote, activation, socketUid, socketUser } = former.listener;
  if (former.tries > 0 || ownerKind !== 'process' || ownerNote !== null || activation !== null || socketUser !== (socketUid === null ? null : userName(socketUid))) return false;
  const isHeldAsBefore = former.sockets.every((socket) => {
    const before = known.holders.get(socketKey(socket));
    return socket.holder === null && before !== undefined && isSameHolders(before, { holdings: walk.holders.get(socket.inode ?? 0) ?? [], complete: true });
  });
  if (!isHeldAsBefore || !owners.every((owner) => owner.pid !== SERVICE_MANAGER && reader.read(owner.pid)?.owner === owner)) return false;
  steady.listeners.add(former);
  for (const owner of owners) steady.owners.add(owner);
  if (socketUid !== null) steady.userNames.set(socketUid, socketUser);
  return true;
}

export function isSameHolders(one: KnownHolders, other: KnownHolders): boolean {
  const { holdings } = other;
  return one.complete === other.complete && one.holdings.length === holdings.length && one.holdings.every(({ pid, link }, index) => pid === holdings[index]?.pid && link === holdings[index].link);
}
