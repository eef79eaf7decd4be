import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { hearSignals } from '../model/hear-signals.ts';

/** One descriptor that leads to a socket. */
export interface Holding {
  readonly pid: number;
  /** The descriptor's link, to look again later whether it still leads there. */
  readonly link: string;
}

/** Milliseconds without a look at the event loop. */
const HEAR_EVERY = 50;

/** What a walk over the descriptors of all processes found. */
export interface HolderSearch {
  /** Holders by socket inode; an inode that nothing holds is absent. */
  readonly holders: ReadonlyMap<number, readonly Holding[]>;
  /** Pids of the processes whose descriptors this user may not read. */
  readonly unreadable: readonly number[];
}

/**
 * Finds every process that holds one of the wanted sockets, by the links of `/proc/<pid>/fd` (proc_pid_fd(5)).
 *
 * It reads all processes and does not stop at the first holder: the kernel keeps no count of who else shares a socket,
 * and fork, SCM_RIGHTS and pidfd_getfd can put a descriptor anywhere.
 * @param eachThread look at every thread too. Threads share their process's descriptors, save for a process whose first
 *   thread has ended and a thread that was made without CLONE_FILES; a folder per thread is a price worth paying only
 *   for a socket that nothing else explains.
 */
export async function findHolders(proc: string, wanted: ReadonlySet<number>, eachThread = false): Promise<HolderSearch> {
  const holders = new Map<number, Holding[]>();
  const unreadable: number[] = [];
  if (wanted.size === 0) return { holders, unreadable };
  let heard = performance.now();
  for (const pid of listPids(proc)) {
    if (performance.now() - heard > HEAR_EVERY) {
      await hearSignals();
      heard = performance.now();
    }
    const folder = join(proc, String(pid));
    if (!readDescriptors(join(folder, 'fd'), pid, wanted, holders)) unreadable.push(pid);
    if (!eachThread) continue;
    for (const thread of listThreads(folder)) {
      if (thread !== String(pid)) readDescriptors(join(folder, 'task', thread, 'fd'), pid, wanted, holders);
    }
  }
  return { holders, unreadable };
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

const SOCKET_LINK = 'socket:[';

/** Adds what one table of descriptors holds. Returns false where it may not be read; a process that left held nothing. */
function readDescriptors(folder: string, pid: number, wanted: ReadonlySet<number>, holders: Map<number, Holding[]>): boolean {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return !isForbidden(error);
  }
  let readable = true;
  for (const name of names) {
    const link = `${folder}/${name}`;
    let target: string;
    try {
      target = readlinkSync(link);
    } catch (error) {
      if (isForbidden(error)) readable = false;
      continue;
    }
    if (!target.startsWith(SOCKET_LINK)) continue;
    const inode = Number(target.slice(SOCKET_LINK.length, -1));
    if (!wanted.has(inode)) continue;
    const known = holders.get(inode);
    if (known === undefined) holders.set(inode, [{ pid, link }]);
    else if (known.at(-1)?.pid !== pid) known.push({ pid, link });
  }
  return readable;
}

function isForbidden(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EPERM';
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
  try {
    return readlinkSync(holding.link) === `${SOCKET_LINK}${inode}]`;
  } catch {
    return false;
  }
}

