import type { SocketRecord } from '../model/socket.ts';
import type { HolderSearch, Holding, ProcessFolders } from './holders.ts';
import { listPids, NOTHING_FOUND } from './holders.ts';
import type { OwnerSearch } from './name-owners.ts';
import { inodesOf, joinHolders, searchAll } from './recollection.ts';

/**
 * All processes by way of the kernel, and where that is not to be had through /proc. The kernel shows every descriptor,
 * those of a thread with a table of its own too.
 * @param before an earlier walk through /proc, which is given again where it finds the same
 */
export function searchEverything(folders: ProcessFolders, pids: readonly number[], before: HolderSearch): OwnerSearch {
  return {
    find: async (wanted) => (await askHolders(folders, wanted, pids.length)) ?? searchAll(folders, pids, false, before).find(wanted),
    isComplete: () => true,
  };
}

/** What the kernel knows alone. */
export function searchByKernel(folders: ProcessFolders, pids: readonly number[]): OwnerSearch {
  return {
    find: async (wanted) => (await askHolders(folders, wanted, pids.length)) ?? NOTHING_FOUND,
    isComplete: () => true,
  };
}

/**
 * The same once more, for what came to nothing: a process may have handed its socket on, to a new one too, or ended while
 * the search was under way. What the kernel knows no holder of is looked for in /proc all the same: of a listener that
 * nothing explains, one view must not be the only witness.
 */
export function searchEverythingAgain(folders: ProcessFolders): OwnerSearch {
  return {
    async find(wanted) {
      const pids = wanted.length > 0 ? listPids(folders.proc) : [];
      const asked = await askHolders(folders, wanted, pids.length);
      if (asked === null) return searchAll(folders, pids, true).find(wanted);
      const rest = wanted.filter(({ inode }) => inode !== null && !asked.holders.has(inode));
      const walked = await searchAll(folders, pids, true).find(rest);
      return { ...NOTHING_FOUND, holders: joinHolders(asked.holders, walked.holders) };
    },
    isComplete: () => true,
  };
}

async function askHolders({ proc, askKernel }: ProcessFolders, wanted: readonly SocketRecord[], processes: number): Promise<HolderSearch | null> {
  const inodes = inodesOf(wanted);
  if (askKernel === undefined || inodes.size === 0) return null;
  const found = await askKernel(inodes, processes);
  if (found === null) return null;
  const holders = new Map<number, Holding[]>();
  for (const { inode, pid, thread, descriptor, name } of found) {
    const folder = thread === pid ? `${proc}/${pid}` : `${proc}/${pid}/task/${thread}`;
    const holding = { pid, link: `${folder}/fd/${descriptor}`, name };
    const known = holders.get(inode);
    if (known === undefined) holders.set(inode, [holding]);
    else if (known.at(-1)?.pid !== pid) known.push(holding);
  }
  return { ...NOTHING_FOUND, holders };
}
