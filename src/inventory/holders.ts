import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileAt } from './executable.ts';
import { createPause } from './pause.ts';

/** One descriptor that leads to a socket. */
export interface Holding {
  readonly pid: number;
  /** The descriptor's link, to look again later whether it still leads there. */
  readonly link: string;
}

/** What a walk over the descriptors of processes found. */
export interface HolderSearch {
  /** Holders by socket inode; an inode that nothing holds is absent. */
  readonly holders: ReadonlyMap<number, readonly Holding[]>;
  /** Pids of the processes whose descriptors this user may not read. */
  readonly unreadable: readonly number[];
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
}

/**
 * Finds the processes that hold one of the wanted sockets, by the links of `/proc/<pid>/fd` (proc_pid_fd(5)).
 *
 * It reads all processes unless told otherwise, and does not stop at the first holder: the kernel keeps no count of who
 * else shares a socket, and fork, SCM_RIGHTS and pidfd_getfd can put a descriptor anywhere.
 *
 * Of the 5 microseconds that a descriptor takes, 4.2 are readlink(2) through Node, most of it the kernel's own making of
 * an inode for /proc; through FFI, relative to the open folder and without decoding the name, it was 3.4. That is not
 * worth another way of reading /proc.
 */
export async function findHolders(proc: string, wanted: ReadonlySet<number>, { pids, firstOnly = false, eachThread = false }: SearchScope = {}): Promise<HolderSearch> {
  const holders = new Map<number, Holding[]>();
  const unreadable: number[] = [];
  if (wanted.size === 0) return { holders, unreadable };
  const pause = createPause();
  for (const pid of pids ?? listPids(proc)) {
    await pause();
    const folder = join(proc, String(pid));
    if (!(await readDescriptors(join(folder, 'fd'), pid, wanted, holders, pause))) unreadable.push(pid);
    if (eachThread) {
      for (const thread of listThreads(folder)) {
        if (thread !== String(pid)) await readDescriptors(join(folder, 'task', thread, 'fd'), pid, wanted, holders, pause);
      }
    }
    if (firstOnly && holders.size === wanted.size) break;
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

/**
 * How many descriptors each process has: the size of `/proc/<pid>/fd`, which Linux tells from 6.2 on (0 before). 3
 * microseconds for each.
 */
export function countDescriptors(proc: string, pids: readonly number[]): ReadonlyMap<number, number> {
  return new Map(pids.map((pid) => [pid, fileAt(join(proc, String(pid), 'fd'))?.size ?? 0]));
}

const SOCKET_LINK = 'socket:[';
/** A process may have more descriptors than can be read in one go. */
const PAUSE_EVERY = 1000;

/** Adds what one table of descriptors holds. Gives false where it may not be read; a process that left held nothing. */
async function readDescriptors(folder: string, pid: number, wanted: ReadonlySet<number>, holders: Map<number, Holding[]>, pause: () => Promise<void> | undefined): Promise<boolean> {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return !isForbidden(error);
  }
  let readable = true;
  for (const [index, name] of names.entries()) {
    if (index % PAUSE_EVERY === PAUSE_EVERY - 1) await pause();
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
