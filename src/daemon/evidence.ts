import { createProcessReader, type ProcessReader } from '../inventory/process.ts';
import { readUserNames } from '../inventory/accounts.ts';
import { createRootMadeDepth } from '../inventory/cgroup-owners.ts';
import { SYSTEM_PATHS, type InventoryPaths } from '../inventory/take-inventory.ts';
import type { Owner } from '../model/listener.ts';

export interface Evidence {
  /**
   * The process that called listen(2) a moment ago, or null where it has left or the pid is another's by now: one that
   * bears another name than the event, or started after it.
   * @param calledAt wall clock, milliseconds
   */
  readCaller(pid: number, name: string, calledAt: number): Owner | null;
  /** Accounts and cgroups may have changed. */
  renew(): void;
}

/** /proc tells the start of a process by the second of the boot, which may be off by one. Milliseconds. */
const START_TOLERANCE = 1_000;

export function createEvidence(paths: InventoryPaths = SYSTEM_PATHS): Evidence {
  const open = (): ProcessReader => createProcessReader(paths.proc, paths.passwd, readUserNames(paths.passwd), createRootMadeDepth(paths.cgroupRoots));
  let reader = open();
  return {
    readCaller(pid, name, calledAt) {
      const owner = reader.readOwner(pid)?.owner ?? null;
      if (owner?.name !== name) return null;
      return owner.startedAt !== null && Date.parse(owner.startedAt) > calledAt + START_TOLERANCE ? null : owner;
    },
    renew() {
      reader = open();
    },
  };
}
