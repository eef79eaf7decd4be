import { join } from 'node:path';
import { createProcessReader, type ProcessReader } from '../inventory/process.ts';
import { readText } from '../inventory/read-text.ts';
import { readUserNames } from '../inventory/accounts.ts';
import { createRootMadeDepth } from '../inventory/cgroup-owners.ts';
import { SYSTEM_PATHS, type InventoryPaths } from '../inventory/take-inventory.ts';
import type { Owner } from '../model/listener.ts';

export interface Evidence {
  /** The process of a thread that called listen(2) a moment ago; null where it has left. */
  readCaller(thread: number): Owner | null;
  /** Accounts and cgroups may have changed. */
  renew(): void;
}

/** Reads processes at the very moment at which an event names them. */
export function createEvidence(paths: InventoryPaths = SYSTEM_PATHS): Evidence {
  const open = (): ProcessReader => createProcessReader(paths.proc, paths.passwd, readUserNames(paths.passwd), createRootMadeDepth(paths.cgroupRoots));
  let reader = open();
  return {
    readCaller(thread) {
      const owner = reader.readOwner(thread)?.owner ?? null;
      // /proc/<thread> tells of any thread, and an owner is known by its process.
      const process = /^Tgid:\t(\d+)$/m.exec(readText(join(paths.proc, String(thread), 'status')) ?? '')?.[1];
      return owner === null || process === undefined ? owner : { ...owner, pid: Number(process) };
    },
    renew() {
      reader = open();
    },
  };
}
