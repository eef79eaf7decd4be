import { readlinkSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../model/listener.ts';

const DELETED = ' (deleted)';
const MEMFD = '/memfd:';

export type ExecutableFacts = Pick<Owner, 'exe' | 'exeDeleted' | 'exeReplaced' | 'exeForeign'>;

/** Where the files of this host are looked at, and by whom. */
export interface HostView {
  /** `/proc/1`, or our own folder where we may not look through the first process. */
  readonly first: string;
  /** What stands before a path of this host. */
  readonly root: string;
  /** The user namespace that we are in: the text of its link; null where it may not be read. */
  readonly users: string | null;
}

/**
 * The host is what its first process sees. A service in a sandbox sees another /tmp, /home and /dev/shm than everybody
 * else (PrivateTmp=, ProtectHome= and PrivateDevices= of systemd.exec(5)), and would find programs missing there.
 */
export function viewHost(proc: string): HostView {
  const self = join(proc, 'self');
  const first = join(proc, '1');
  const root = join(first, 'root');
  const users = readLink(join(self, 'ns/user'));
  return fileAt(`${root}/`) === null ? { first: self, root: '', users } : { first, root, users };
}

/**
 * What runs in a process, whether it still lies where it was started from, and whether that is a place of this host.
 *
 * The path of `/proc/<pid>/exe` is one of the process's own mount namespace (proc_pid_exe(5)). In a user namespace of
 * his own any user can mount his file over /usr/sbin/sshd; root alone can for a process in the user namespace of the
 * host, as systemd does for RootDirectory= and BindPaths=. So a path that leads to another file here is foreign in
 * another user namespace only. The kernel adds " (deleted)" to the link of an unlinked file; a file may also be called
 * so, which the inode tells apart.
 * @param folder `/proc/<pid>`
 * @param target what its link `exe` reads; null where that may not be read
 */
export function readExecutable(folder: string, target: string | null, { first, root, users }: HostView): ExecutableFacts {
  if (target === null) return { exe: null, exeDeleted: null, exeReplaced: null, exeForeign: null };
  const ownUsers = isInNamespace(folder, 'user', users);
  // Most need no more: 5 microseconds for each.
  if (ownUsers && !target.endsWith(DELETED)) return { exe: target, exeDeleted: false, exeReplaced: false, exeForeign: false };
  const running = fileAt(`${folder}/exe`);
  const isRunning = (path: string) => isSameFile(fileAt(path), running);
  if (!target.endsWith(DELETED) || isRunning(root + target) || isRunning(`${folder}/root${target}`)) {
    return { exe: target, exeDeleted: false, exeReplaced: false, exeForeign: ownUsers ? false : judgeForeign(running, isRunning(root + target)) };
  }
  const exe = target.slice(0, -DELETED.length);
  if (exe.startsWith(MEMFD)) return { exe, exeDeleted: true, exeReplaced: false, exeForeign: false };
  // The link is printed as seen from here, also for a process that changed its root; another mount namespace is another view.
  const successor = fileAt(root + exe) ?? (isInNamespace(folder, 'mnt', readLink(`${first}/ns/mnt`)) ? null : fileAt(`${folder}/root${exe}`));
  return { exe, exeDeleted: true, exeReplaced: successor !== null && isUpgrade(successor, running), exeForeign: !ownUsers };
}

/** A file that even root may not look at lies on a file system of the process's own making (FUSE, fuse(4)). */
function judgeForeign(running: Stats | null, isHere: boolean): boolean | null {
  if (running === null) return process.geteuid?.() === 0 ? true : null;
  return !isHere;
}

/**
 * An upgrade leaves another program of the same owner. A file of somebody else's stands there by chance, or is what an
 * intruder mounted his own over; an empty one is camouflage.
 */
function isUpgrade(successor: Stats, running: Stats | null): boolean {
  const isProgram = successor.isFile() && (successor.mode & 0o111) !== 0 && successor.size > 0;
  return isProgram && successor.uid === running?.uid && !isSameFile(successor, running);
}

function isSameFile(file: Stats | null, other: Stats | null): boolean {
  return file !== null && other !== null && file.dev === other.dev && file.ino === other.ino;
}

/** Whether a process is in the namespace of that link text; where its own may not be read, it is taken to be. */
export function isInNamespace(folder: string, kind: 'user' | 'mnt', namespace: string | null): boolean {
  const own = readLink(`${folder}/ns/${kind}`);
  return own === null || own === namespace;
}

/** Where a link leads; null where it may not be read. */
export function readLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** The file at a path, links followed; null where there is none or it may not be seen. */
export function fileAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
