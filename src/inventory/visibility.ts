import { readFileSync, readlinkSync, statSync } from 'node:fs';
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
  let mounts = '';
  try {
    mounts = readFileSync(join(proc, 'self/mountinfo'), 'utf8');
  } catch {
    // Without it, only the missing first process would tell.
  }
  return { insidePidNamespace, processesHidden: hidesProcesses(mounts, proc) && !exists(join(proc, '1')) };
}

/** Whether the topmost mount on `proc` has hidepid=invisible, ptraceable, 2 or 4 (proc(5)). */
export function hidesProcesses(mountinfo: string, proc: string): boolean {
  let options = '';
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const separator = fields.indexOf('-');
    if (separator > 0 && fields[4] === proc && fields[separator + 1] === 'proc') options = fields[separator + 3] ?? '';
  }
  return /(?:^|,)hidepid=(?:2|4|invisible|ptraceable)(?:,|$)/.test(options);
}

function exists(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
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

/** States what the walk over the processes could not see. `unnamed` listeners lack an owner for want of privilege. */
export function processGaps(visibility: Visibility, unreadable: readonly string[], unnamed: number): readonly Gap[] {
  const gaps: Gap[] = [];
  const hides = unnamed > 0 ? 'owners' : 'details';
  if (unreadable.length > 0) {
    const examples = unreadable.slice(0, EXAMPLES).join(', ') + (unreadable.length > EXAMPLES ? ', ...' : '');
    gaps.push({ code: 'processes-unreadable', detail: `processes whose descriptors this user may not read (${examples}); ${morePrivilege()}`, count: unreadable.length, hides });
  }
  if (visibility.processesHidden) {
    gaps.push({ code: 'processes-hidden', detail: `/proc is mounted with hidepid, and the processes of other users are invisible; ${morePrivilege()}`, count: 1, hides });
  }
  if (visibility.insidePidNamespace && unnamed > 0) {
    gaps.push({ code: 'pid-namespace', detail: 'this is a PID namespace (a container): listeners held by processes outside it have no owner here; run on the host', count: 1, hides });
  }
  if (unnamed > 0) gaps.push({ code: 'owners-unknown', detail: 'listeners whose owner could not be named', count: unnamed, hides: 'owners' });
  return gaps;
}
