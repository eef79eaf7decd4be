import { fileAt } from './executable.ts';

/** What tells of a process whether its descriptors can be others than they were. */
export interface ProcessStamp {
  /** How many it has; 0 where Linux does not tell (before 6.2). */
  readonly descriptors: number;
  /** Nanoseconds of CPU that all its threads have used; null where that cannot be had. */
  readonly cpuTime: number | null;
}

/** Null for a process that has left. */
export type StampProcess = (pid: number) => ProcessStamp | null;

/**
 * What changes a table of descriptors is a call of the process itself, for which it has to run. Threads of other processes
 * change it too where they share the table (CLONE_FILES without CLONE_THREAD, clone(2)), which hardly any program does: the
 * number of descriptors tells of most of that.
 * @param readCpuTime absent where native calls cannot be made
 */
export function createProcessStamps(proc: string, readCpuTime?: (pid: number) => number | null): StampProcess {
  return (pid) => {
    const cpuTime = readCpuTime?.(pid) ?? null;
    const folder = fileAt(`${proc}/${pid}/fd`);
    return folder === null ? null : { descriptors: folder.size, cpuTime };
  };
}

/** Whether a process did not run between two stamps. */
export function isIdle(before: ProcessStamp | undefined, now: ProcessStamp): boolean {
  return before !== undefined && now.cpuTime !== null && before.cpuTime === now.cpuTime && before.descriptors === now.descriptors;
}
