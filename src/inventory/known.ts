import { join } from 'node:path';
import type { Listener } from '../model/listener.ts';
import { isSameSocket, type SocketRecord } from '../model/socket.ts';
import { readLink } from './executable.ts';
import type { NamespaceSockets, SocketGroup } from './fold.ts';
import { stillHolds, type Holding } from './holders.ts';

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
  readonly program: string | null;
}

/** What one inventory found out, for the next one to build on. */
export interface Known {
  /** By `listenerKey`. */
  readonly listeners: ReadonlyMap<string, KnownListener>;
  readonly holders: ReadonlyMap<SocketKey, KnownHolders>;
  /** Text of the link `exe` of each holder when it was read. */
  readonly programs: ReadonlyMap<number, string | null>;
  /** All processes that there were. */
  readonly pids: ReadonlySet<number>;
  /** `name[pid]` of those that could not be looked into when all were asked. */
  readonly unreadable: readonly string[];
}

/** The place of a listener in a host. */
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

/** Whether a process still holds the socket and runs the program that it ran when it was read. */
export type ProcessCheck = (process: KnownProcess) => boolean;

/**
 * One look at one descriptor and at `exe`: 10 microseconds. A pid that was used again does not pass, nor does a process that
 * runs another program now.
 */
export function isUnchanged({ holding, inode, program }: KnownProcess, proc: string): boolean {
  return stillHolds(holding, inode) && readProgram(proc, holding.pid) === program;
}

/**
 * The listener as it was, where nothing about it is known to have changed and no search for its owner is due. That a
 * process closed one of its sockets and another one still has it is not asked: `check` asks each process once.
 */
export function recallListener(known: Known, check: ProcessCheck, look: number, from: NamespaceSockets, group: SocketGroup): KnownListener | null {
  const former = known.listeners.get(listenerKey(from, group));
  if (former?.sockets.length !== group.sockets.length) return null;
  const { listener, sockets } = former;
  const same =
    sockets.every((socket, index) => isSameSocket(socket, group.sockets[index] ?? socket)) &&
    listener.interface === group.interface &&
    listener.ephemeral === group.ephemeral &&
    listener.netns.name === from.namespace.name;
  if (!same || !sockets.every((socket) => processesOf(known, socket).every(check))) return null;
  return former.tries > 0 && look >= dueAt(former) ? null : former;
}

/** The processes that were found to hold the socket. */
export function processesOf({ holders, programs }: Known, socket: SocketRecord): readonly KnownProcess[] {
  return (holders.get(socketKey(socket))?.holdings ?? []).map((holding) => ({ holding, inode: socket.inode ?? 0, program: programs.get(holding.pid) ?? null }));
}

/** Whether a process that holds a listener has left or runs another program: one look at each process. */
export function hasChangedProcess(known: Known, proc: string): boolean {
  const checked = new Set<number>();
  for (const { sockets } of known.listeners.values()) {
    for (const socket of sockets) {
      for (const process of processesOf(known, socket)) {
        if (checked.has(process.holding.pid)) continue;
        checked.add(process.holding.pid);
        if (!isUnchanged(process, proc)) return true;
      }
    }
  }
  return false;
}

export function readProgram(proc: string, pid: number): string | null {
  return readLink(join(proc, String(pid), 'exe'));
}

/** What is known from an inventory of everything, and besides what came while it was made. */
export function mergeKnown(meanwhile: Known, everything: Known): Known {
  return {
    ...everything,
    listeners: new Map([...meanwhile.listeners, ...everything.listeners]),
    holders: new Map([...meanwhile.holders, ...everything.holders]),
    programs: new Map([...meanwhile.programs, ...everything.programs]),
  };
}
