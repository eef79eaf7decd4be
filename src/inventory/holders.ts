import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { AskKernel } from '../model/socket-holders.ts';
import type { SocketRecord } from '../model/socket.ts';
import type { ReadSocketLinks } from '../model/socket-links.ts';
import { createPause } from './pause.ts';
import { isIdle, type ProcessStamp, type StampProcess } from './process-stamp.ts';
import { readSocketLinks } from './socket-links.ts';

/** One descriptor that leads to a socket. */
export interface Holding {
  readonly pid: number;
  /** The descriptor's link, to look again later whether it still leads there. */
  readonly link: string;
  /** What the kernel calls the process, where the kernel itself said that it holds the socket. */
  readonly name?: string;
}

/** What a walk over the descriptors of processes found. */
export interface HolderSearch {
  /** Holders by socket inode; an inode that nothing holds is absent. */
  readonly holders: ReadonlyMap<number, readonly Holding[]>;
  /** Pids of the processes whose descriptors this user may not read. */
  readonly unreadable: readonly number[];
  /** By pid, in the order in which they were found: one descriptor for each socket, three numbers each: thread (0 for the process), descriptor, inode. */
  readonly trails: ReadonlyMap<number, readonly number[]>;
  /** The sockets that holders were looked for of, as they were given: the very same list asks for the same inodes. */
  readonly sockets?: readonly SocketRecord[];
  /** The inodes that holders were looked for of, and each process that was read whole as it was before, where such stamps were taken. */
  readonly wanted: ReadonlySet<number>;
  readonly stamps: ReadonlyMap<number, ProcessStamp>;
  /** Processes that did not run since the search before. */
  readonly idle: ReadonlySet<number>;
}

export const NOTHING_FOUND: HolderSearch = { holders: new Map(), unreadable: [], trails: new Map(), wanted: new Set(), stamps: new Map(), idle: new Set() };

/** The processes of a host, and how their descriptors are read there. */
export interface ProcessFolders {
  readonly proc: string;
  readonly readLinks?: ReadSocketLinks;
  /** By which a process that did not run since the search before need not be read again. */
  readonly stamp?: StampProcess;
  /** A quicker way than to read all of them, for who asks for everything. */
  readonly askKernel?: AskKernel;
}

/** Which processes to look into; all of them, each to its end, where nothing is said. */
export interface SearchScope {
  readonly pids?: Iterable<number>;
  /** Stop as soon as every socket has a holder: others that share it are not found. */
  readonly firstOnly?: boolean;
  /**
   * Look at every thread too. Threads share their process's descriptors, save for a process whose first thread has ended
   * and a thread that was made without CLONE_FILES; a folder per thread is a price worth paying only for a socket that
   * nothing else explains.
   */
  readonly eachThread?: boolean;
  /** An earlier search: what it found of processes that did not run since is taken over, and all of it where the same is found. */
  readonly before?: HolderSearch;
}

/**
 * Finds the processes that hold one of the wanted sockets, by the links of `/proc/<pid>/fd` (proc_pid_fd(5)).
 *
 * It reads all processes unless told otherwise, and does not stop at the first holder: the kernel keeps no count of who
 * else shares a socket, and fork, SCM_RIGHTS and pidfd_getfd can put a descriptor anywhere.
 */
export async function findHolders({ proc, readLinks = readSocketLinks, stamp }: ProcessFolders, wanted: ReadonlySet<number>, { pids, firstOnly = false, eachThread = false, before }: SearchScope = {}): Promise<HolderSearch> {
  if (wanted.size === 0) return NOTHING_FOUND;
  const trails = new Map<number, readonly number[]>();
  // The same socket may be open at as many numbers as a process likes: half a million by the limits of systemd.
  const latest = new Map<number, number>();
  const unreadable: number[] = [];
  const found = new Set<number>();
  const pause = createPause();
  /** Gives false where a table of descriptors may not be read. */
  const search = async (pid: number, thread: number, trail: number[]): Promise<boolean> => {
    const reading = readLinks(folderOf(proc, pid, thread), (descriptor, inode) => {
      if (!wanted.has(inode) || latest.get(inode) === pid) return;
      latest.set(inode, pid);
      trail.push(thread, descriptor, inode);
      if (firstOnly) found.add(inode);
    });
    for (;;) {
      await pause();
      const step = reading.next();
      if (step.done === true) return step.value;
    }
  };
  const stamps = new Map<number, ProcessStamp>();
  const idle = new Set<number>();
  const former = before === undefined || eachThread ? null : recallTrails(before, wanted);
  for (const pid of pids ?? listPids(proc)) {
    // Before the descriptors are read: what changes them from now on changes the stamp.
    const now = stamp?.(pid) ?? null;
    if (now !== null && isIdle(before?.stamps.get(pid), now)) idle.add(pid);
    const known = idle.has(pid) ? former : null;
    const read: number[] = [];
    const isRead = known !== null || (await search(pid, 0, read));
    if (!isRead) unreadable.push(pid);
    else if (now !== null) stamps.set(pid, now);
    if (eachThread) {
      for (const thread of listThreads(`${proc}/${pid}`)) {
        if (thread !== String(pid)) await search(pid, Number(thread), read);
      }
    }
    const trail = known === null ? read : (known.get(pid) ?? []);
    if (trail.length > 0) trails.set(pid, trail);
    if (firstOnly && found.size === wanted.size) break;
  }
  const isSame = before !== undefined && isSameTrails(before.trails, trails) && isSameList(before.unreadable, unreadable);
  return { ...(isSame ? before : { holders: groupBySocket(proc, trails), unreadable, trails }), wanted, stamps, idle };
}

/** The trails of an earlier search, as far as they lead to what is wanted; null where a socket is wanted now that was not then. */
function recallTrails({ trails, wanted: before }: HolderSearch, wanted: ReadonlySet<number>): HolderSearch['trails'] | null {
  if (wanted === before) return trails;
  for (const inode of wanted) if (!before.has(inode)) return null;
  return wanted.size === before.size ? trails : new Map([...trails].map(([pid, trail]) => [pid, trail.filter((_, at) => wanted.has(trail[at - (at % 3) + 2] ?? 0))]));
}

function folderOf(proc: string, pid: number, thread: number): string {
  return thread === 0 ? `${proc}/${pid}/fd` : `${proc}/${pid}/task/${thread}/fd`;
}

function groupBySocket(proc: string, trails: HolderSearch['trails']): HolderSearch['holders'] {
  const holders = new Map<number, Holding[]>();
  for (const [pid, trail] of trails) {
    for (let at = 0; at < trail.length; at += 3) {
      const [thread = 0, descriptor = 0, inode = 0] = trail.slice(at, at + 3);
      const known = holders.get(inode);
      const holding = { pid, link: `${folderOf(proc, pid, thread)}/${descriptor}` };
      if (known === undefined) holders.set(inode, [holding]);
      else known.push(holding);
    }
  }
  return holders;
}

/** Whether both have the same of the same processes, in the same order. The trail of one that was idle is the very same list. */
function isSameTrails(one: HolderSearch['trails'], other: HolderSearch['trails']): boolean {
  if (one.size !== other.size) return false;
  const others = other.entries();
  for (const [pid, trail] of one) {
    const [otherPid, otherTrail = []] = others.next().value ?? [];
    if (otherPid !== pid || !isSameList(trail, otherTrail)) return false;
  }
  return true;
}

function isSameList(one: readonly number[], other: readonly number[]): boolean {
  return one === other || (one.length === other.length && one.every((number, index) => number === other[index]));
}

/** Pids that are visible in this /proc, in ascending order. */
export function listPids(proc: string): readonly number[] {
  const pids: number[] = [];
  for (const name of readdirSync(proc)) {
    const first = name.charCodeAt(0);
    if (first >= 0x31 && first <= 0x39) pids.push(Number(name));
  }
  return pids;
}

function listThreads(folder: string): readonly string[] {
  try {
    return readdirSync(join(folder, 'task'));
  } catch {
    return [];
  }
}

/** Whether a descriptor still leads to the socket. A pid used again by another process does not pass. */
export function stillHolds(holding: Holding, inode: number): boolean {
  return followHolding(holding, inode) === 'holds';
}

/** Where /proc says that a descriptor leads now: to the socket, elsewhere or nowhere, or it does not let this user see. */
export function followHolding({ link }: Holding, inode: number): 'holds' | 'holds not' | 'forbidden' {
  try {
    return readlinkSync(link) === `socket:[${inode}]` ? 'holds' : 'holds not';
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'holds not';
  }
}
