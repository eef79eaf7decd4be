import { join } from 'node:path';
import type { SocketRecord } from '../model/socket.ts';
import type { CgroupIndex } from './cgroup-index.ts';
import { fileAt, readLink } from './executable.ts';
import { socketKey, type Known } from './known.ts';
import { createProcessStamps } from './process-stamp.ts';
import { readStat } from './process.ts';
import { readText } from './read-text.ts';

/** A cgroup of more processes than this (the root of a host without systemd) tells nothing. */
const SMALL_CGROUP = 64;

/**
 * Processes in the order in which they are likely to hold sockets that are new: those that a kernel event named; those
 * that came since, the newest first; those of the sockets' cgroups; those that hold another socket on the same port; those
 * that have another number of descriptors than at the last sweep; other holders of listeners with the sockets' uids; all
 * others of these uids; the rest. Each once, and each found out only when its turn has come.
 * @param pids all processes, in ascending order
 */
export function* listLikely(proc: string, pids: readonly number[], wanted: readonly SocketRecord[], known: Known, hints: readonly number[], cgroups: CgroupIndex): Generator<number> {
  const given = new Set<number>();
  for (const pid of inOrder(proc, pids, wanted, known, hints, cgroups)) {
    if (given.has(pid)) continue;
    given.add(pid);
    yield pid;
  }
}

function* inOrder(proc: string, pids: readonly number[], wanted: readonly SocketRecord[], known: Known, hints: readonly number[], cgroups: CgroupIndex): Generator<number> {
  yield* hints;
  yield* pids.filter((pid) => !known.pids.has(pid)).reverse();
  for (const id of new Set(wanted.map(({ cgroupId }) => cgroupId))) {
    const members = id === null ? [] : cgroups.processesOf(id);
    if (members.length <= SMALL_CGROUP) yield* members;
  }
  yield* holdersOf(known, (socket) => wanted.some(({ protocol, port }) => socket.protocol === protocol && socket.port === port));
  const stamp = createProcessStamps(proc);
  for (const pid of pids) if ((stamp(pid)?.descriptors ?? 0) !== known.walk.stamps.get(pid)?.descriptors) yield pid;
  const uids = new Set(wanted.map(({ uid }) => uid));
  yield* holdersOf(known, ({ uid }) => uids.has(uid));
  for (const pid of pids) if (uids.has(uidOf(proc, pid))) yield pid;
  yield* pids;
}

function* holdersOf({ listeners, holders }: Known, matches: (socket: SocketRecord) => boolean): Generator<number> {
  for (const { sockets } of listeners.values()) {
    for (const socket of sockets) {
      if (matches(socket)) yield* holders.get(socketKey(socket))?.holdings.map(({ pid }) => pid) ?? [];
    }
  }
}

/** Owner of the folder: the effective uid, or root for a process that may not be dumped (proc(5)). */
function uidOf(proc: string, pid: number): number | null {
  return fileAt(join(proc, String(pid)))?.uid ?? null;
}

/** A process of a pool has hundreds of siblings; the first tell. */
const MOST_RELATIVES = 64;

/**
 * Processes that may share a socket with this one because one of them forked: its parent, its children, and of its
 * parent's other children those that run the same program. Children are known where the kernel has PROC_CHILDREN, and
 * those alone that the first thread of a process made.
 */
export function listRelatives(proc: string, pid: number): readonly number[] {
  const parent = readStat(join(proc, String(pid)))?.parent ?? 0;
  const program = readLink(join(proc, String(pid), 'exe'));
  const siblings = parent > 1 ? childrenOf(proc, parent).filter((sibling) => sibling !== pid && readLink(join(proc, String(sibling), 'exe')) === program) : [];
  return [...(parent > 0 ? [parent] : []), ...childrenOf(proc, pid), ...siblings].slice(0, MOST_RELATIVES);
}

function childrenOf(proc: string, pid: number): readonly number[] {
  const text = readText(join(proc, String(pid), 'task', String(pid), 'children')) ?? '';
  return text.split(' ').slice(0, MOST_RELATIVES).map(Number).filter((child) => child > 0);
}
