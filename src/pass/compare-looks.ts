import { isDeepStrictEqual } from 'node:util';
import { NOTHING_KNOWN, socketKey, type Known, type KnownListener, type SocketKey } from '../inventory/known.ts';
import type { Listener } from '../model/listener.ts';
import type { HostSockets } from './read-sockets.ts';

/** What a look saw. */
export interface Sight {
  readonly known: Known;
  /** By `listenerKey`; besides what was seen also what may only have been overlooked. */
  readonly listeners: ReadonlyMap<string, KnownListener>;
  readonly sockets: ReadonlySet<SocketKey>;
}

export const EMPTY_SIGHT: Sight = { known: NOTHING_KNOWN, listeners: new Map(), sockets: new Set() };

/** A namespace may never be read whole again, and what closes in it would pile up. */
const MOST_OVERLOOKED = 10_000;

export interface LookNews {
  readonly sight: Sight;
  /** As they were found, each the same object as before where it says the same. */
  readonly listeners: readonly Listener[];
  readonly appeared: readonly Listener[];
  readonly vanished: readonly Listener[];
}

/** Tells one look from the one before, by sockets: a restarted service has vanished and appeared. */
export function compareLooks(before: Sight, found: Known, uncertain: ReadonlySet<number | null>): LookNews {
  const seen = new Map<string, KnownListener>();
  for (const [key, now] of found.listeners) {
    const former = before.listeners.get(key)?.listener;
    seen.set(key, former !== undefined && former !== now.listener && isDeepStrictEqual(former, now.listener) ? { ...now, listener: former } : now);
  }
  const sockets = socketsOf(seen.values());
  const gone = [...before.listeners].filter(([, { sockets: former }]) => former.every((socket) => !sockets.has(socketKey(socket))));
  // What is missing where not all was read is kept in mind, with who held it.
  const missing = gone.filter(([key, { listener }]) => uncertain.has(listener.netns.inode) && !seen.has(key));
  const overlooked = new Map(missing.slice(0, MOST_OVERLOOKED));
  const known = { ...found, listeners: seen };
  return {
    sight: {
      known: overlooked.size === 0 ? known : rememberHolders(known, before.known, overlooked.values()),
      listeners: new Map([...seen, ...overlooked]),
      sockets: new Set([...sockets, ...socketsOf(overlooked.values())]),
    },
    listeners: [...seen.values()].map(({ listener }) => listener),
    appeared: [...seen.values()].filter(({ sockets: own }) => own.every((socket) => !before.sockets.has(socketKey(socket)))).map(({ listener }) => listener),
    vanished: gone.filter((entry) => !missing.includes(entry)).map(([, { listener }]) => listener),
  };
}

function rememberHolders(known: Known, before: Known, overlooked: Iterable<KnownListener>): Known {
  const holders = new Map(known.holders);
  const processes = new Map(known.processes);
  for (const { sockets } of overlooked) {
    for (const socket of sockets) {
      const held = before.holders.get(socketKey(socket));
      if (held === undefined) continue;
      holders.set(socketKey(socket), held);
      for (const { pid } of held.holdings) {
        const process = before.processes.get(pid);
        if (process !== undefined && !processes.has(pid)) processes.set(pid, process);
      }
    }
  }
  return { ...known, holders, processes };
}

function socketsOf(listeners: Iterable<KnownListener>): ReadonlySet<SocketKey> {
  const keys = new Set<SocketKey>();
  for (const { sockets } of listeners) for (const socket of sockets) keys.add(socketKey(socket));
  return keys;
}

/** Whether a sweep found what was known: as `mergeKnown` gives it, or nothing was asked anew. */
export function isSameKnown({ listeners, holders }: Known, before: Known | undefined): boolean {
  return listeners === before?.listeners && holders === before.holders;
}

/** Whether two readings are of the same namespaces with the same dumps: a watching source gives the very same object again. */
export function isSameSockets(one: HostSockets, other: HostSockets): boolean {
  return (
    one.readings.length === other.readings.length &&
    one.closed.length === other.closed.length &&
    one.readings.every(({ dump, namespace }, index) => {
      const before = other.readings[index];
      return dump === before?.dump && namespace.inode === before.namespace.inode && namespace.name === before.namespace.name;
    })
  );
}
