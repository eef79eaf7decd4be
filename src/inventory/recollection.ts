import type { SocketRecord } from '../model/socket.ts';
import type { CgroupIndex } from './cgroup-index.ts';
import { findHolders, NOTHING_FOUND, type HolderSearch, type Holding, type ProcessFolders } from './holders.ts';
import { socketKey, type Known } from './known.ts';
import { listLikely, listRelatives } from './likely-processes.ts';
import type { OwnerSearch } from './name-owners.ts';

/** What an earlier inventory found, and how far this one may go. */
export interface Recollection {
  readonly known: Known;
  /** Processes of which something is other than it was (`findChanged`). */
  readonly changed: ReadonlySet<number>;
  /** Number of this look, by which vain searches are spaced out. */
  readonly look: number;
  /** Processes that were named by kernel events since the last look. */
  readonly hints: readonly number[];
  /** Whether all processes may be looked into for sockets that the likely ones do not hold. */
  readonly mayWalk: boolean;
  readonly cgroups: CgroupIndex;
}

/** The holders that were known before; whether they still hold their sockets is asked of each. */
export function searchKnown({ known }: Recollection): OwnerSearch {
  const recalled = (socket: SocketRecord) => known.holders.get(socketKey(socket));
  return {
    find: (wanted) => Promise.resolve({ ...NOTHING_FOUND, holders: new Map(wanted.map((socket) => [socket.inode ?? 0, recalled(socket)?.holdings ?? []])) }),
    isComplete: (socket) => recalled(socket)?.complete ?? false,
  };
}

/** Processes that are asked in any case: sockets that came and went would otherwise cost a walk over all of them each time. */
const MOST_LIKELY = 64;

/** The likeliest processes one after the other, until each socket has a holder; then the relatives of those that were found. */
export function searchLikely({ known, hints, cgroups }: Recollection, folders: ProcessFolders, pids: readonly number[], most = MOST_LIKELY): OwnerSearch {
  return {
    async find(wanted) {
      const { proc } = folders;
      const inodes = inodesOf(wanted);
      const first = await findHolders(folders, inodes, { pids: takeFirst(listLikely(proc, pids, wanted, known, hints, cgroups), most), firstOnly: true });
      const found = new Set([...first.holders.values()].flat().map(({ pid }) => pid));
      const relatives = new Set([...found].flatMap((pid) => listRelatives(proc, pid)));
      return { ...first, holders: joinHolders(first.holders, (await findHolders(folders, inodes, { pids: relatives })).holders) };
    },
    isComplete: () => false,
  };
}

function* takeFirst(pids: Iterable<number>, most: number): Generator<number> {
  let taken = 0;
  for (const pid of pids) {
    if (taken === most) return;
    taken += 1;
    yield pid;
  }
}

/** All of the processes to the end. */
export function searchAll(folders: ProcessFolders, pids: readonly number[], eachThread: boolean, before: HolderSearch = NOTHING_FOUND): OwnerSearch {
  return {
    async find(sockets) {
      const wanted = sockets === before.sockets ? before.wanted : inodesOf(sockets);
      return { ...(await findHolders(folders, wanted, { pids, eachThread, before })), sockets };
    },
    isComplete: () => true,
  };
}

export function inodesOf(sockets: readonly SocketRecord[]): ReadonlySet<number> {
  const inodes = new Set<number>();
  for (const { inode } of sockets) if (inode !== null && inode !== 0) inodes.add(inode);
  return inodes;
}

export function joinHolders(one: HolderSearch['holders'], other: HolderSearch['holders']): HolderSearch['holders'] {
  const holders = new Map<number, readonly Holding[]>(one);
  for (const [inode, more] of other) {
    const known = holders.get(inode) ?? [];
    holders.set(inode, [...known, ...more.filter(({ pid }) => known.every((each) => each.pid !== pid))]);
  }
  return holders;
}
