import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../model/listener.ts';
import type { UserNames } from './accounts.ts';
import { parseProcessCgroup, type CgroupFacts } from './cgroup.ts';
import type { RootMadeDepth } from './cgroup-owners.ts';
import { fileAt, isInNamespace, readExecutable, readLink, typeOf, viewHost } from './executable.ts';
import { listPids } from './holders.ts';
import { isUnasked, type Unasked } from './look-at-file.ts';
import { readOpenRecord, readRecord, readText } from './read-text.ts';
import { findScript } from './script.ts';

/** The fields of `/proc/<pid>/stat` that are used here (proc_pid_stat(5)). */
export interface ProcessStat {
  /** The kernel's name of the process; may itself contain blanks and parentheses. */
  readonly name: string;
  /** A thread of the kernel: it has no executable and no descriptors. */
  readonly isKernelThread: boolean;
  /** Pid of the process that made it, or that took it over when that one ended; 0 for none. */
  readonly parent: number;
  /** Clock ticks after boot at which the process started: with the pid, the identity of a process. */
  readonly startTicks: number;
}

/** Flag of a kernel thread (include/linux/sched.h). */
const PF_KTHREAD = 0x0020_0000;

/** @returns null for text that is not such a line */
export function parseProcessStat(text: string): ProcessStat | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return null;
  const fields = text.slice(close + 2).split(' ');
  const startTicks = Number(fields[19]);
  if (!Number.isSafeInteger(startTicks) || startTicks < 0) return null;
  const parent = Number(fields[1]);
  return { name: text.slice(open + 1, close), parent: Number.isSafeInteger(parent) && parent > 0 ? parent : 0, isKernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0, startTicks };
}

/** Effective uid from `/proc/<pid>/status` (`Uid: real effective saved filesystem`), or null. */
export function parseEffectiveUid(text: string): number | null {
  const match = /^Uid:\t\d+\t(\d+)/m.exec(text);
  return match === null ? null : Number(match[1]);
}

/** Splits `/proc/<pid>/cmdline` at its NULs. A process that rewrote it with blanks gives one element. */
export function parseCommandLine(text: string): readonly string[] {
  return text.replace(/\0+$/, '').split('\0');
}

/** A command line is evidence, not a store: what a process makes longer than this is cut. Bytes. */
const COMMAND_LINE_LIMIT = 4096;
/** The name, escaped, is 64 bytes at most, and the line of the uids is among the first ten. */
const STATUS_HEAD = 1024;
/** Clock ticks per second in /proc, fixed at 100 on every architecture that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

export interface ReadOwner {
  readonly owner: Owner;
  readonly startTicks: number;
  /** Text of its link `exe` before all else was read, and after; null where that may not be read. */
  readonly program: string | null;
  /** Type of a file system that was not asked what it alone tells of the process; null where nothing is left open. */
  readonly unasked: string | null;
}

export interface ProcessReader {
  /**
   * Whether a process that did not run since it was read is as it was: whether what others can change of it is, its cgroup, its
   * file and the name of its user. False where only reading it anew can tell.
   */
  isStill(before: Pick<ReadOwner, 'owner' | 'program'>): boolean;
  /** The process as it is now, or null where it has left or its folder shows something else. */
  readOwner(pid: number): ReadOwner | null;
}

/**
 * Reads processes below one /proc.
 * @param accounts the passwd file of this host, whose names `userName` gives
 */
export function createProcessReader(proc: string, accounts: string, userName: UserNames, rootMade: RootMadeDepth = () => null): ProcessReader {
  const readShared = () => ({ bootSeconds: readBootTime(proc), device: fileAt(proc)?.dev, hostAccounts: fileAt(accounts), host: viewHost(proc) });
  let shared: ReturnType<typeof readShared> | null = null;
  /** What is the same for all processes, read with the first one: where none ran since they were read, none is. */
  const share = () => (shared ??= readShared());
  /** By root folder: most processes have the host's, and the others of a mount namespace the same. */
  const accountsOf = new Map<string, boolean | Unasked>();
  /**
   * A process with another passwd file in its root has accounts of its own; the host's name would be a wrong one. In a
   * user namespace anyone can mount another passwd file, and a uid that the host has a name for is still the host's.
   */
  const hasOwnAccounts = (folder: string): boolean | Unasked => {
    const { host, hostAccounts } = share();
    if (!isInNamespace(folder, 'user', host.users)) return false;
    const [mounts, root] = [readLink(`${folder}/ns/mnt`), readLink(`${folder}/root`)];
    if (root === '/' && (mounts === null || mounts === host.mounts)) return false;
    const place = `${mounts ?? ''} ${root ?? folder}`;
    let own = accountsOf.get(place);
    if (own === undefined) {
      const file = host.files.look(`${folder}/root`, accounts, folder);
      own = isUnasked(file) ? file : file !== null && (file.dev !== hostAccounts?.dev || file.ino !== hostAccounts.ino);
      accountsOf.set(place, own);
    }
    return own;
  };
  /** By the text of the file, which is the same for all processes of a unit: 30 microseconds for each of the others. */
  const cgroups = new Map<string, CgroupFacts>();
  const readCgroup = (folder: string): CgroupFacts => {
    const text = readRecord(`${folder}/cgroup`) ?? '';
    let facts = cgroups.get(text);
    if (facts === undefined) cgroups.set(text, (facts = parseProcessCgroup(text, rootMade)));
    return facts;
  };
  /** What is read of a process while its `stat` is open, which is then its own, whoever has its pid. */
  const readHeld = (pid: number, stat: OpenStat): ReadOwner | null => {
    const folder = `${proc}/${pid}`;
    const { bootSeconds, host } = share();
    // An exec between two of these reads would pair one program's name with another's file.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const before = stat.read();
      if (before === null) return null;
      const program = readLink(`${folder}/exe`);
      const { facts, unasked } = readExecutable(folder, program, host);
      const { unit, innerUnit, container } = readCgroup(folder);
      const uid = parseEffectiveUid(readRecord(`${folder}/status`, STATUS_HEAD) ?? '');
      const text = readRecord(`${folder}/cmdline`, COMMAND_LINE_LIMIT);
      const commandLine = text === null ? null : parseCommandLine(text);
      const script = findScript(facts.exe, commandLine, () => readLink(`${folder}/cwd`));
      const after = stat.read();
      if (after?.startTicks !== before.startTicks) return null;
      if (after.name !== before.name || readLink(`${folder}/exe`) !== program) continue;
      const isOtherUser = uid === null || uid === 0 ? false : container !== null || hasOwnAccounts(folder);
      return {
        startTicks: before.startTicks,
        program,
        unasked: unasked ?? (typeof isOtherUser === 'object' ? typeOf(isOtherUser) : null),
        owner: {
          pid,
          name: before.name,
          ...facts,
          commandLine,
          script,
          uid,
          user: uid === null || isOtherUser !== false ? null : userName(uid),
          unit,
          innerUnit,
          container,
          startedAt: bootSeconds === null ? null : new Date(Math.round((bootSeconds + before.startTicks / TICKS_PER_SECOND) * 1000)).toISOString(),
        },
      };
    }
    return null;
  };
  return {
    isStill({ owner, program }) {
      const { pid, uid, user, unit, innerUnit, container, exeDeleted, exeForeign } = owner;
      const folder = `${proc}/${pid}`;
      if (exeDeleted !== false || exeForeign !== false || uid === null || userName(uid) !== user || readLink(`${folder}/exe`) !== program) return false;
      const now = readCgroup(folder);
      return now.unit === unit && now.innerUnit === innerUnit && now.container === container;
    },
    readOwner(pid) {
      const stat = openStat(`${proc}/${pid}`, pid);
      try {
        // Root can mount a folder of files over that of a process, which say what he likes.
        return stat === null || stat.device() !== share().device ? null : readHeld(pid, stat);
      } finally {
        stat?.close();
      }
    },
  };
}

interface OpenStat {
  /** Null once the process has left: an open file of /proc never becomes another process's (ESRCH, fs/proc/base.c). */
  read(): ProcessStat | null;
  /** Of the file system that it is on. */
  device(): number;
  close(): void;
}

/** @param pid of which it must be: another process's folder may be mounted over its own */
function openStat(folder: string, pid: number): OpenStat | null {
  let fd: number;
  try {
    fd = openSync(`${folder}/stat`, 'r');
  } catch {
    return null;
  }
  return {
    read() {
      try {
        const text = readOpenRecord(fd);
        return text.startsWith(`${pid} (`) ? parseProcessStat(text) : null;
      } catch {
        return null;
      }
    },
    device: () => fstatSync(fd).dev,
    close: () => { closeSync(fd); },
  };
}

export function readStat(folder: string): ProcessStat | null {
  const text = readRecord(`${folder}/stat`);
  return text === null ? null : parseProcessStat(text);
}

/** Whether the folder of a process is the kernel's: root can mount anything over it, another process's folder too. */
export function isProcessFolder(proc: string, pid: number): boolean {
  const folder = join(proc, String(pid));
  const own = fileAt(folder);
  return own !== null && own.dev === fileAt(proc)?.dev && readText(join(folder, 'stat'))?.startsWith(`${pid} (`) === true;
}

/** Whether a thread of the kernel has this name; a process may take the name, but not the flag. */
export function hasKernelThread(proc: string, name: string): boolean {
  return listPids(proc).some((pid) => {
    const stat = readStat(join(proc, String(pid)));
    return stat !== null && stat.isKernelThread && stat.name === name;
  });
}

/** Seconds since the epoch at which the system booted (`btime` of /proc/stat), or null. */
function readBootTime(proc: string): number | null {
  const match = /^btime (\d+)$/m.exec(readText(join(proc, 'stat')) ?? '');
  return match === null ? null : Number(match[1]);
}
