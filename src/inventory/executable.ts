import { readlinkSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { Owner } from '../model/listener.ts';
import { createFileViewer, isUnasked, seenOf, type FileViewer, type HostFiles, type Sight, type Unasked } from './look-at-file.ts';

const DELETED = ' (deleted)';
const MEMFD = '/memfd:';

export type ExecutableFacts = Pick<Owner, 'exe' | 'exeDeleted' | 'exeReplaced' | 'exeForeign'>;

/** Where the files of this host are looked at, and by whom. */
export interface HostView extends HostFiles {
  /** The user namespace that we are in: the text of its link; null where it may not be read. */
  readonly users: string | null;
  /** The mount namespace of the host, in the same way. */
  readonly mounts: string | null;
  readonly files: FileViewer;
}

/**
 * The host is what its first process sees. A service in a sandbox sees another /tmp, /home and /dev/shm than everybody
 * else (PrivateTmp=, ProtectHome= and PrivateDevices= of systemd.exec(5)), and would find programs missing there.
 */
export function viewHost(proc: string): HostView {
  const self = join(proc, 'self');
  const first = join(proc, '1');
  const root = join(first, 'root');
  const places = fileAt(`${root}/`) === null ? { proc, first: self, root: '' } : { proc, first, root };
  return { ...places, users: readLink(join(self, 'ns/user')), mounts: readLink(`${places.first}/ns/mnt`), files: createFileViewer(places) };
}

export interface Executable {
  readonly facts: ExecutableFacts;
  /** Type of the file system that was not asked, which leaves open what it alone tells; null where all was looked at. */
  readonly unasked: string | null;
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
export function readExecutable(folder: string, target: string | null, host: HostView): Executable {
  if (target === null) return { facts: { exe: null, exeDeleted: null, exeReplaced: null, exeForeign: null }, unasked: null };
  const ownUsers = isInNamespace(folder, 'user', host.users);
  // Most need no more: 5 microseconds for each.
  if (ownUsers && !target.endsWith(DELETED)) return { facts: { exe: target, exeDeleted: false, exeReplaced: false, exeForeign: false }, unasked: null };
  const { files } = host;
  const running = files.look(`${folder}/exe`, '', folder);
  if (isUnasked(running)) return judgeUnasked(target, running, ownUsers, files);
  const here = files.lookOnHost(target);
  const isRunning = (sight: Sight) => isSameFile(seenOf(sight), running);
  if (!target.endsWith(DELETED) || isRunning(here) || isRunning(files.look(`${folder}/root`, target, folder))) {
    const exeForeign = ownUsers ? false : judgeForeign(running, here);
    return { facts: { exe: target, exeDeleted: false, exeReplaced: false, exeForeign }, unasked: isUnasked(here) && exeForeign === null ? typeOf(here) : null };
  }
  const exe = target.slice(0, -DELETED.length);
  if (exe.startsWith(MEMFD)) return { facts: { exe, exeDeleted: true, exeReplaced: false, exeForeign: false }, unasked: null };
  // The link is printed as seen from here, also for a process that changed its root; another mount namespace is another view.
  const successor = files.lookOnHost(exe) ?? (isInNamespace(folder, 'mnt', host.mounts) ? null : files.look(`${folder}/root`, exe, folder));
  const exeReplaced = isUpgrade(seenOf(successor), running);
  return { facts: { exe, exeDeleted: true, exeReplaced, exeForeign: !ownUsers }, unasked: isUnasked(successor) ? typeOf(successor) : null };
}

/**
 * What the link alone tells of a program that is not looked at. That it was deleted is the kernel's word, save for a file that
 * is called so; and what cannot be seen to be an upgrade is none.
 */
function judgeUnasked(target: string, running: Unasked, ownUsers: boolean, files: FileViewer): Executable {
  const unasked = typeOf(running);
  if (!target.endsWith(DELETED)) {
    // A mount of the host shows what it shows at that path here. A file here that was looked at lies on another mount.
    const here = running.isOfHost ? null : files.lookOnHost(target);
    const exeForeign = running.isOfHost ? false : isUnasked(here) || (here !== null && running.unasked === null) ? null : true;
    return { facts: { exe: target, exeDeleted: false, exeReplaced: false, exeForeign }, unasked: exeForeign === null ? unasked : null };
  }
  const exe = target.slice(0, -DELETED.length);
  // Memory is no mount that any table tells of.
  const isMemory = running.unasked === null && exe.startsWith(MEMFD);
  return { facts: { exe, exeDeleted: true, exeReplaced: false, exeForeign: !isMemory && !ownUsers }, unasked: isMemory ? null : unasked };
}

/** What the file system is called. */
export function typeOf({ unasked }: Unasked): string {
  return unasked?.type ?? 'a mount that no table shows';
}

/** A file that even root may not look at is one of the process's own making. */
function judgeForeign(running: Stats | null, here: Sight): boolean | null {
  if (isUnasked(here)) return null;
  if (running === null) return process.geteuid?.() === 0 ? true : null;
  return !isSameFile(here, running);
}

/**
 * An upgrade leaves another program of the same owner. A file of somebody else's stands there by chance, or is what an
 * intruder mounted his own over; an empty one is camouflage.
 */
function isUpgrade(successor: Stats | null, running: Stats | null): boolean {
  if (successor === null) return false;
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

/** The file at a path of the system's own, links followed; null where there is none or it may not be seen. */
export function fileAt(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}
