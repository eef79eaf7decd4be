import { readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { loadDaemonLibc } from '../../native/libc.ts';

/** The clock of a process is its pid, negated, beside this kind, which counts as the scheduler does (CPUCLOCK_SCHED, include/linux/posix-timers.h). */
const SCHEDULER = 2;
const NS_PER_S = 1e9;

/**
 * Reads what a process and all its threads have used of the CPU, in nanoseconds, as clock_getcpuclockid(3) has it; of any
 * user's process, in 1 microsecond. Null for one that has left.
 * @returns null where native calls cannot be made, or the processes of `proc` are numbered otherwise than ours
 */
export function createCpuTimeReader(proc: string): ((pid: number) => number | null) | null {
  try {
    if (readlinkSync(`${proc}/self`) !== String(process.pid)) return null;
    const libc = loadDaemonLibc();
    // `struct timespec` of a 32-bit machine is half as wide.
    const isNarrow = process.arch === 'arm' || process.arch === 'ia32';
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    const littleEndian = endianness() === 'LE';
    return (pid) => {
      if (libc.clock_gettime((~pid << 3) | SCHEDULER, bytes) !== 0) return null;
      return isNarrow ? view.getInt32(0, littleEndian) * NS_PER_S + view.getInt32(4, littleEndian) : Number(view.getBigInt64(0, littleEndian)) * NS_PER_S + Number(view.getBigInt64(8, littleEndian));
    };
  } catch {
    return null;
  }
}
