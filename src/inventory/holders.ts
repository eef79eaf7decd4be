import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** One descriptor that leads to a socket. */
export interface Holding {
  readonly pid: number;
  /** The descriptor's link, to look again later whether it still leads there. */
  readonly link: string;
}

/** What a walk over the descriptors of all processes found. */
export interface HolderSearch {
  /** Holders by socket inode; an inode that nothing holds is absent. */
  readonly holders: ReadonlyMap<number, readonly Holding[]>;
  /** Processes whose descriptors this user may not read. */
  readonly unreadable: number;
  /** Processes whose descriptors were read. */
  readonly read: number;
}

/**
 * Finds every process that holds one of the wanted sockets, by the links of `/proc/<pid>/fd` (proc_pid_fd(5)).
 *
 * It reads all processes and does not stop at the first holder: the kernel keeps no count of who else shares a socket,
 * and fork, SCM_RIGHTS and pidfd_getfd can put a descriptor anywhere. Threads share their process's descriptors, save
 * for two cases that are looked into only while a socket lacks a holder, for they cost a folder per thread: a process
 * whose first thread has ended, and a thread that was made without CLONE_FILES.
 */
export function findHolders(proc: string, wanted: ReadonlySet<number>): HolderSearch {
  const holders = new Map<number, Holding[]>();
  if (wanted.size === 0) return { holders, unreadable: 0, read: 0 };
  let unreadable = 0;
  let read = 0;
  const pids = listPids(proc);
  for (const pid of pids) {
    const outcome = readDescriptors(join(proc, String(pid), 'fd'), pid, wanted, holders);
    if (outcome === 'forbidden') unreadable += 1;
    else if (outcome === 'read') read += 1;
  }
  if (holders.size < wanted.size) {
    const missing = new Set([...wanted].filter((inode) => !holders.has(inode)));
    for (const pid of pids) searchThreads(proc, pid, missing, holders);
  }
  return { holders, unreadable, read };
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

function readDescriptors(folder: string, pid: number, wanted: ReadonlySet<number>, holders: Map<number, Holding[]>): 'read' | 'forbidden' | 'left' {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'EACCES' || code === 'EPERM' ? 'forbidden' : 'left';
  }
  let forbidden = false;
  for (const name of names) {
    const link = `${folder}/${name}`;
    let target: string;
    try {
      target = readlinkSync(link);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      forbidden ||= code === 'EACCES' || code === 'EPERM';
      continue;
    }
    if (!target.startsWith(SOCKET_LINK)) continue;
    const inode = Number(target.slice(SOCKET_LINK.length, -1));
    if (!wanted.has(inode)) continue;
    const known = holders.get(inode);
    if (known === undefined) holders.set(inode, [{ pid, link }]);
    else if (known.at(-1)?.pid !== pid) known.push({ pid, link });
  }
  return forbidden ? 'forbidden' : 'read';
}

function searchThreads(proc: string, pid: number, missing: ReadonlySet<number>, holders: Map<number, Holding[]>): void {
  const folder = join(proc, String(pid), 'task');
  let threads: readonly string[];
  try {
    threads = readdirSync(folder);
  } catch {
    return;
  }
  for (const thread of threads) {
    if (Number(thread) !== pid) readDescriptors(`${folder}/${thread}/fd`, pid, missing, holders);
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

