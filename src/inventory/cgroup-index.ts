import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './read-text.ts';

/** Finds the processes of a cgroup by its id. */
export interface CgroupIndex {
  /** None where the cgroup has gone, is not visible here, or has none of its own. */
  processesOf(id: bigint): readonly number[];
}

/** Folders that are looked at in one walk: a host has some hundred, and any user can make more. */
const MOST_FOLDERS = 5000;
/** Bytes of `cgroup.procs`, about 1,000 pids. */
const PIDS_LIMIT = 8192;

/**
 * Looks cgroups up by id, which is the inode of the folder in cgroup v2. The tree is walked when an id is not known or its
 * folder is another one now: 6 ms for 300 folders.
 */
export function createCgroupIndex(roots: readonly string[]): CgroupIndex {
  let paths: ReadonlyMap<bigint, string> = new Map();
  return {
    processesOf(id) {
      const known = paths.get(id);
      if (known === undefined || inodeOf(known) !== id) paths = listCgroups(roots);
      const path = paths.get(id);
      if (path === undefined) return [];
      return (readText(join(path, 'cgroup.procs'), PIDS_LIMIT) ?? '').split('\n').map(Number).filter((pid) => pid > 0);
    },
  };
}

function listCgroups(roots: readonly string[]): ReadonlyMap<bigint, string> {
  const found = new Map<bigint, string>();
  const waiting = [...roots];
  for (let looked = 0; looked < MOST_FOLDERS; looked += 1) {
    const folder = waiting.shift();
    if (folder === undefined) break;
    const inode = inodeOf(folder);
    if (inode === null) continue;
    found.set(inode, folder);
    try {
      for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) waiting.push(join(folder, entry.name));
    } catch {
      // It ended meanwhile, or is another user's.
    }
  }
  return found;
}

function inodeOf(folder: string): bigint | null {
  try {
    return statSync(folder, { bigint: true }).ino;
  } catch {
    return null;
  }
}
