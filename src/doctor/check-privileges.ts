import type { DoctorCheck } from '../model/doctor.ts';
import type { HostFiles } from './host-files.ts';
import { limited, missing, notApplicable, works } from './outcome.ts';

interface Capability {
  readonly name: string;
  /** Bit in the masks of /proc/<pid>/status (linux/capability.h). */
  readonly bit: bigint;
  readonly gives: string;
}

/** Those that portreeve has a use for, and what each gives. */
const CAPABILITIES: readonly Capability[] = [
  { name: 'CAP_SYS_PTRACE', bit: 19n, gives: 'the executables and descriptors of other users\' processes' },
  { name: 'CAP_DAC_READ_SEARCH', bit: 2n, gives: 'folders and files that are closed to others' },
  { name: 'CAP_SYS_ADMIN', bit: 21n, gives: 'other network namespaces and the kernel\'s events' },
];
/** It gives what CAP_DAC_READ_SEARCH gives, and more. */
const CAP_DAC_OVERRIDE = 1n;

/** Which capabilities are in force (capabilities(7)). */
export function checkPrivileges(files: HostFiles): DoctorCheck {
  const status = files.text('/proc/self/status') ?? '';
  const mask = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(status)?.[1];
  if (mask === undefined) return notApplicable('privileges', 'this system has no capabilities');
  const has = (bit: bigint): boolean => ((BigInt(`0x${mask}`) >> bit) & 1n) === 1n;
  const lacking = CAPABILITIES.filter(({ name, bit }) => !has(bit) && !(name === 'CAP_DAC_READ_SEARCH' && has(CAP_DAC_OVERRIDE)));
  const uid = /^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? '?';
  const who = uid === '0' ? 'root' : `uid ${uid}`;
  if (lacking.length === 0) return works('privileges', `${who}, with ${CAPABILITIES.map(({ name }) => name).join(', ')}`);
  return missing('privileges', {
    finding: `${who}, without ${lacking.map(({ name }) => name).join(', ')}`,
    cost: `not to be seen: ${lacking.map(({ gives }) => gives).join('; ')}`,
    remedy: uid === '0' ? `give the container or the unit ${lacking.map(({ name }) => name).join(', ')} (--cap-add, CapabilityBoundingSet=)` : 'sudo portreeve audit --now',
    needed: true,
  });
}

/** Whether /proc shows all processes (hidepid in proc(5)); CAP_SYS_PTRACE sees through. */
export function checkProcesses(files: HostFiles): DoctorCheck {
  const mounts = (files.text('/proc/self/mountinfo') ?? '').split('\n').map((line) => line.split(' '));
  const options = mounts.filter((fields) => fields[4] === '/proc' && fields[fields.indexOf('-') + 1] === 'proc').at(-1)?.at(-1) ?? '';
  const hidepid = /(?:^|,)hidepid=(1|2|4|noaccess|invisible|ptraceable)(?:,|$)/.exec(options)?.[1];
  if (hidepid === undefined) return works('processes', '/proc shows the processes of all users');
  const mask = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(files.text('/proc/self/status') ?? '')?.[1] ?? '0';
  if (((BigInt(`0x${mask}`) >> 19n) & 1n) === 1n) return works('processes', `/proc has hidepid=${hidepid}, which CAP_SYS_PTRACE sees through`);
  return missing('processes', {
    finding: `/proc is mounted with hidepid=${hidepid}`,
    cost: 'processes of other users, and network namespaces that only they are in, cannot be seen',
    remedy: 'sudo portreeve audit --now',
    needed: true,
  });
}

/** Inode of the first PID namespace, fixed in the kernel (PROC_PID_INIT_INO, include/linux/proc_ns.h). */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

export function checkPidNamespace(files: HostFiles): DoctorCheck {
  const namespace = files.link('/proc/self/ns/pid');
  if (namespace === null) return notApplicable('pid-namespace', 'the kernel has no PID namespaces, or /proc does not show this process');
  if (namespace === INITIAL_PID_NAMESPACE) return works('pid-namespace', 'the first one: every process of the host is in sight');
  return missing('pid-namespace', {
    finding: 'this is a PID namespace, as of a container',
    cost: 'listeners held by processes outside have no owner here, and callers in the kernel\'s events cannot be named',
    remedy: 'run portreeve on the host, or the container with --pid=host --net=host',
    needed: true,
  });
}

/** A map of all ids to themselves is the first namespace's (user_namespaces(7)). */
export function checkUserNamespace(files: HostFiles): DoctorCheck {
  const map = files.text('/proc/self/uid_map');
  if (map === null) return notApplicable('user-namespace', 'the kernel has no user namespaces');
  if (/^\s*0\s+0\s+4294967295\s*$/.test(map)) return works('user-namespace', 'the first one: capabilities count on the whole host');
  return limited('user-namespace', {
    finding: 'this is a user namespace, as of a rootless container',
    cost: 'capabilities count inside it only, and uids are not the host\'s',
    remedy: 'run portreeve on the host',
  });
}
