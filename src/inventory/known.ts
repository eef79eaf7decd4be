import { join } from 'node:path';
import type { Listener, Owner } from '../model/listener.ts';
import { isSameSocket, type NetworkNamespace, type SocketDump, type SocketRecord } from '../model/socket.ts';
import { readLink } from './executable.ts';
import type { NamespaceSockets, SocketGroup } from './fold.ts';
import { NOTHING_FOUND, stillHolds, type HolderSearch, type Holding } from './holders.ts';
import type { Recollection } from './recollection.ts';
import type { Visibility } from './visibility.ts';

/** What stands for one socket as long as it lives: its cookie, else its inode. */
export type SocketKey = bigint | number;

export function socketKey({ cookie, inode }: SocketRecord): SocketKey {
  return cookie ?? inode ?? 0;
}

/** Who was found to hold a socket. */
export interface KnownHolders {
  readonly holdings: readonly Holding[];
  /** Every process was asked, so that no other one held it then. */
  readonly complete: boolean;
}

export interface KnownListener {
  /** Its place in the host: `listenerKey`. */
  readonly key: string;
  readonly sockets: readonly SocketRecord[];
  readonly listener: Listener;
  /** How often an owner was looked for in vain since the last sweep, and the number of the look that did it last. */
  readonly tries: number;
  readonly triedAt: number;
}

/** A process that holds a listener, and what tells whether it is still the same one with the same program. */
export interface KnownProcess {
  readonly holding: Holding;
  readonly inode: number;
  /** Text of its link `exe` when it was read. */
  readonly program: string | null;
  /** As in `ReadOwner`. */
  readonly unasked: string | null;
  readonly owner: Owner;
  /** When it started, in clock ticks after boot. */
  readonly startTicks: number;
}

/** What one inventory found out, for the next one to build on. */
export interface Known {
  /** By `listenerKey`. */
  readonly listeners: ReadonlyMap<string, KnownListener>;
  readonly holders: ReadonlyMap<SocketKey, KnownHolders>;
  /** All holders, each by one of its sockets. */
  readonly processes: ReadonlyMap<number, KnownProcess>;
  /** All processes that there were. */
  readonly pids: ReadonlySet<number>;
  /** What could not be seen when all were asked; `name[pid]` of the processes that could not be looked into. */
  readonly visibility: Visibility;
  readonly unreadable: readonly string[];
  /** What each dump was made to. */
  readonly readings: ReadonlyMap<SocketDump, KnownReading>;
  /** The last walk over all processes. */
  readonly walk: HolderSearch;
  /** What was found to be as before by that walk; null where nothing was compared. */
  readonly steady: Steady | null;
}

/** Listeners that turned out to be as before, and what that rests on: while all of it says the same they need not be compared again. */
export interface Steady {
  readonly listeners: WeakSet<KnownListener>;
  readonly holders: HolderSearch['holders'];
  readonly owners: Set<Owner>;
  readonly userNames: Map<number, string | null>;
}

/** The listeners of one namespace by one dump: keys of `Known.listeners`, in order. */
export interface KnownReading {
  readonly namespace: NetworkNamespace;
  readonly keys: readonly string[];
}

export const NOTHING_KNOWN: Known = {
  listeners: new Map(), holders: new Map(), processes: new Map(), pids: new Set(), visibility: { shows: 'own', insidePidNamespace: false, processesHidden: false }, unreadable: [], readings: new Map(), walk: NOTHING_FOUND, steady: null,
};

/** The place of a listener in a host: namespace, protocol, address, port, interface. */
export function listenerKey({ namespace }: NamespaceSockets, { key }: SocketGroup): string {
  return `${namespace.inode ?? namespace.name}/${key}`;
}

/** From one vain search for an owner to the next it is 1, 2, 4 ... looks, and at most this many. */
const LONGEST_DISTANCE = 64;

/** Number of the look at which a search for an owner is due next; null where no listener lacks one. */
export function nextSearch({ listeners }: Known): number | null {
  const due = [...listeners.values()].filter(({ tries }) => tries > 0).map(dueAt);
  return due.length === 0 ? null : Math.min(...due);
}

function dueAt({ tries, triedAt }: KnownListener): number {
  return triedAt + Math.min(2 ** (tries - 1), LONGEST_DISTANCE);
}

/**
 * The processes that have left, closed the socket by which they are known, or run another program now: one look at one
 * descriptor and at `exe` for each, 10 microseconds. A pid that was used again does not pass. That a process closed another of
 * its sockets is not found so.
 */
export function findChanged({ processes }: Known, proc: string): ReadonlySet<number> {
  const changed = new Set<number>();
  for (const [pid, { holding, inode, program }] of processes) {
    if (!stillHolds(holding, inode) || readProgram(proc, pid) !== program) changed.add(pid);
  }
  return changed;
}

/** Whether nothing about the listener's owners is known to have changed, and no search for one is due. */
export function isSettled({ changed, look }: Pick<Recollection, 'changed' | 'look'>, former: KnownListener): boolean {
  return !former.listener.owners.some(({ pid }) => changed.has(pid)) && (former.tries === 0 || look < dueAt(former));
}

/** The listeners of a dump that is the very same object as before; null where it is another, or the namespace is. */
export function recallReading({ readings, listeners }: Known, { dump, namespace }: NamespaceSockets): readonly KnownListener[] | null {
  const reading = readings.get(dump);
  if (reading?.namespace.inode !== namespace.inode || reading.namespace.name !== namespace.name) return null;
  // All of them, where it is the only namespace that has any.
  if (reading.keys.length === listeners.size) return [...listeners.values()];
  const known: KnownListener[] = [];
  for (const key of reading.keys) {
    const listener = listeners.get(key);
    if (listener === undefined) return null;
    known.push(listener);
  }
  return known;
}

/** The listener as it was, where its sockets are the same and tell the same. */
export function recallListener({ listeners }: Known, from: NamespaceSockets, group: SocketGroup): KnownListener | null {
  const former = listeners.get(listenerKey(from, group));
  if (former?.sockets.length !== group.sockets.length) return null;
  const { listener, sockets } = former;
  const isSame =
    sockets.every((socket, index) => isSameSocket(socket, group.sockets[index] ?? socket)) &&
    listener.interface === group.interface &&
    listener.ephemeral === group.ephemeral &&
    listener.netns.name === from.namespace.name;
  return isSame ? former : null;
}

export function readProgram(proc: string, pid: number): string | null {
  return readLink(join(proc, String(pid), 'exe'));
}

/**
 * What is known from an inventory of everything, and besides of the sockets that came while it was made. Listeners and holders
 * are the very maps as before where nothing about them is another.
 */
export function mergeKnown(meanwhile: Known, everything: Known): Known {
  if (isSameMap(meanwhile.listeners, everything.listeners) && isSameMap(meanwhile.holders, everything.holders)) {
    return { ...everything, listeners: meanwhile.listeners, holders: meanwhile.holders };
  }
  const asked = new Set([...everything.listeners.values()].flatMap(({ sockets }) => sockets.map(socketKey)));
  return {
    ...everything,
    listeners: new Map([...meanwhile.listeners, ...everything.listeners]),
    holders: new Map([...[...meanwhile.holders].filter(([key]) => !asked.has(key)), ...everything.holders]),
    processes: new Map([...meanwhile.processes, ...everything.processes]),
  };
}

/** Whether both have the same objects under the same keys in the same order. */
function isSameMap<Key, Value>(one: ReadonlyMap<Key, Value>, other: ReadonlyMap<Key, Value>): boolean {
  if (one === other || one.size !== other.size) return one === other;
  const entries = other.entries();
  for (const [key, value] of one) {
    const [otherKey, otherValue] = entries.next().value ?? [];
    if (otherKey !== key || otherValue !== value) return false;
  }
  return true;
}
