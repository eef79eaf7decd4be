import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Gap } from '../model/coverage.ts';

/** How much of the process tree this process can see at all. */
export interface Visibility {
  /** Run inside a PID namespace that is not the host's: processes outside it are invisible. */
  readonly insidePidNamespace: boolean;
  /** /proc hides the processes of other users. */
  readonly processesHidden: boolean;
}

/** Inode of the first PID namespace, fixed in the kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

export function readVisibility(proc: string): Visibility {
  let insidePidNamespace = false;
  try {
    insidePidNamespace = readlinkSync(join(proc, 'self/ns/pid')) !== INITIAL_PID_NAMESPACE;
  } catch {
    // A kernel without namespaces has nothing to be inside of.
  }
  return { insidePidNamespace, processesHidden: hidesProcesses(readAll(join(proc, 'self/mountinfo')), proc) && !seesThroughHidepid(readAll(join(proc, 'self/status'))) };
}

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
