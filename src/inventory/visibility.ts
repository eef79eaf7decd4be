import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Gap } from '../model/coverage.ts';
import { readLink } from './executable.ts';
import { listPids } from './holders.ts';

/**
 * Whose processes /proc shows: those of the PID namespace that this process is in; of an outer one, which has another number
 * for it (unshare(1) --pid without --mount-proc); of one that it is not in (nsenter(1) --mount without --pid); or none, for
 * another file system is mounted there.
 */
export type ProcView = 'own' | 'outer' | 'foreign' | 'none';

/** How much of the process tree this process can see at all. */
export interface Visibility {
  readonly shows: ProcView;
  /** The PID namespace that is shown is not the host's: processes outside it are invisible. */
  readonly insidePidNamespace: boolean;
  /** /proc hides the processes of other users. */
  readonly processesHidden: boolean;
}

/** Inode of the first PID namespace, fixed in the kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

/** @param pid our own, by our own PID namespace */
export function readVisibility(proc: string, pid: number = process.pid): Visibility {
  const shows = whoseProcesses(proc, pid);
  // The first process is in the namespace whose /proc this is. A kernel without namespaces has nothing to be inside of.
  const namespace = (shows === 'outer' ? readLink(join(proc, '1/ns/pid')) : null) ?? readLink(join(proc, 'self/ns/pid'));
  return { shows, insidePidNamespace: namespace !== null && namespace !== INITIAL_PID_NAMESPACE, processesHidden: hidesProcesses(readAll(join(proc, 'self/mountinfo')), proc) && !seesThroughHidepid(readAll(join(proc, 'self/status'))) };
}

/** `self` is a link to the number that the reader has there, and leads nowhere where it has none (proc_self_get_link() of fs/proc/self.c). */
function whoseProcesses(proc: string, pid: number): ProcView {
  try {
    return readlinkSync(join(proc, 'self')) === String(pid) ? 'own' : 'outer';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || process.platform !== 'linux') return 'own';
    return showsProcesses(proc) ? 'foreign' : 'none';
  }
}

function showsProcesses(proc: string): boolean {
  try {
    return listPids(proc).length > 0;
  } catch {
    return false;
  }
}

const MOUNT_PROC = 'mount -t proc proc /proc';
const PROC_GAPS: Readonly<Record<Exclude<ProcView, 'own'>, Pick<Gap, 'detail' | 'hides'>>> = {
  none: { detail: `/proc shows no process: it is not the kernel's, or not mounted, so that no owner can be named and no other network namespace found; ${MOUNT_PROC}`, hides: 'listeners' },
  foreign: {
    detail: `/proc is that of a PID namespace that portreeve is not in: it shows the processes of that one alone, and the network namespaces that they are in; ${MOUNT_PROC}, or enter that PID namespace too (nsenter --all)`,
    hides: 'listeners',
  },
  outer: { detail: `/proc is that of an outer PID namespace: the pids of owners are those there, and here they are other processes'; ${MOUNT_PROC}`, hides: 'details' },
};

/** Whether the topmost mount on `proc` has hidepid=invisible, ptraceable, 2 or 4 (proc(5)), and not for a group of ours. */
export function hidesProcesses(mountinfo: string, proc: string, groups: readonly number[] = process.getgroups?.() ?? []): boolean {
  let options = '';
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const separator = fields.indexOf('-');
    if (separator > 0 && fields[4] === proc && fields[separator + 1] === 'proc') options = fields[separator + 3] ?? '';
  }
  if (!/(?:^|,)hidepid=(?:2|4|invisible|ptraceable)(?:,|$)/.test(options)) return false;
  const exempt = /(?:^|,)gid=(\d+)(?:,|$)/.exec(options)?.[1];
  return exempt === undefined || !groups.includes(Number(exempt));
}

const CAP_SYS_PTRACE = 19n;

/** Whether the effective capabilities in a /proc/<pid>/status have CAP_SYS_PTRACE, before which hidepid hides nothing. */
export function seesThroughHidepid(status: string): boolean {
  const mask = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> CAP_SYS_PTRACE) & 1n) === 1n;
}

function readAll(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** What would show the processes that are not seen. */
function morePrivilege(): string {
  return process.geteuid?.() === 0
    ? 'even root may not here: a security module, or a missing CAP_SYS_PTRACE, keeps them closed'
    : 'run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH';
}

/** Names of processes that a sentence bears. */
const EXAMPLES = 3;

function nameSome(names: readonly string[]): string {
  return names.slice(0, EXAMPLES).join(', ') + (names.length > EXAMPLES ? ', ...' : '');
}

/** States of which processes files were not looked at; each with its file system. */
export function unaskedGaps(unasked: readonly string[]): readonly Gap[] {
  if (unasked.length === 0) return [];
  const detail = `processes with files on a file system that may wait for another machine or process, which was not asked (${nameSome(unasked)}): whether a deleted program was replaced by an upgrade, whether a program in a user namespace is the one at that path here, or what the user is called, is left open; \`ls -lL /proc/PID/exe\` asks`;
  return [{ code: 'files-unasked', detail, count: unasked.length, hides: 'details' }];
}

/** States what the walk over the processes could not see. `unnamed` listeners lack an owner for want of privilege. */
export function processGaps(visibility: Visibility, unreadable: readonly string[], unnamed: number): readonly Gap[] {
  const gaps: Gap[] = [];
  const hides = unnamed > 0 ? 'owners' : 'details';
  if (visibility.shows !== 'own') gaps.push({ code: 'proc-misplaced', count: 1, ...PROC_GAPS[visibility.shows] });
  if (unreadable.length > 0) {
    gaps.push({ code: 'processes-unreadable', detail: `processes whose descriptors this user may not read (${nameSome(unreadable)}); ${morePrivilege()}`, count: unreadable.length, hides });
  }
  if (visibility.processesHidden) {
    gaps.push({ code: 'processes-hidden', detail: `/proc is mounted with hidepid, and the processes of other users are invisible, and so are the network namespaces that only they are in; ${morePrivilege()}`, count: 1, hides: 'listeners' });
  }
  if (visibility.insidePidNamespace && unnamed > 0) {
    gaps.push({ code: 'pid-namespace', detail: 'this is a PID namespace (a container): listeners held by processes outside it have no owner here; run on the host', count: 1, hides });
  }
  if (unnamed > 0) gaps.push({ code: 'owners-unknown', detail: 'listeners whose owner could not be named', count: unnamed, hides: 'owners' });
  return gaps;
}
