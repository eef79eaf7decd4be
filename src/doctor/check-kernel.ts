import type { Gap, OwnerView, SourceName } from '../model/coverage.ts';
import type { CheckName, DoctorCheck } from '../model/doctor.ts';
import type { HostFiles } from './host-files.ts';
import { limited, missing, notApplicable, works } from './outcome.ts';

/** @param failure why native calls cannot be made; null where they can */
export function checkNativeCalls(failure: string | null): DoctorCheck {
  if (failure === null) return works('native-calls', 'the FFI package works');
  return limited('native-calls', { finding: failure, cost: 'no netlink (slower scans from /proc), no journal and no local syslog, no wake-up by the kernel', remedy: 'npm ci --include=optional' });
}

/** What one real look at the sockets gave. */
export interface SocketsRead {
  readonly source: SourceName;
  readonly ownersBy: OwnerView | null;
  readonly listeners: number;
  readonly gaps: readonly Gap[];
  /** Network namespaces besides the own one. */
  readonly otherNamespaces: number;
  readonly isRoot: boolean;
}

const OWNER_GAPS: readonly string[] = ['processes-unreadable', 'processes-hidden', 'pid-namespace', 'proc-misplaced', 'files-unasked', 'owners-unknown'];
const NAMESPACE_GAPS: readonly string[] = ['namespaces-skipped'];

/** @param read what was read, or why nothing could be */
export function checkReading(read: SocketsRead | { readonly failure: string }): readonly DoctorCheck[] {
  if ('failure' in read) return [missing('sockets', { finding: read.failure, cost: 'no audit can be made', remedy: null, needed: true })];
  const { source, ownersBy, listeners, gaps, otherNamespaces, isRoot } = read;
  const owners = gaps.filter(({ code }) => OWNER_GAPS.includes(code));
  const namespaces = gaps.filter(({ code }) => NAMESPACE_GAPS.includes(code));
  const tables = gaps.filter(({ code }) => ![...OWNER_GAPS, ...NAMESPACE_GAPS].includes(code));
  const remedy = isRoot ? 'portreeve audit --now tells all that was not seen' : 'sudo portreeve audit --now';
  return [
    ofGaps('sockets', tables, `${listeners} ${listeners === 1 ? 'listener' : 'listeners'}, read over ${source}`, remedy),
    ofGaps('owners', owners, `every listener has a named owner, or is known to have none${ownersBy === 'bpf' ? '; the kernel was asked, by a BPF program' : ''}`, remedy),
    ofGaps('network-namespaces', namespaces, otherNamespaces === 0 ? 'there is only this one' : `this one and ${otherNamespaces} more, all read`, remedy),
  ];
}

const COSTS: Readonly<Record<Gap['hides'], string>> = {
  listeners: 'listeners may be missing from an audit, and it says so',
  owners: 'listeners may have no named owner',
  details: 'details may be missing; no listener and no owner is hidden',
};

function ofGaps(name: CheckName, gaps: readonly Gap[], fine: string, remedy: string): DoctorCheck {
  const worst = gaps.find(({ hides }) => hides !== 'details') ?? gaps[0];
  if (worst === undefined) return works(name, fine);
  const needed = worst.hides !== 'details';
  const more = gaps.length === 1 ? '' : `; and ${gaps.length - 1} more`;
  return { name, state: needed ? 'missing' : 'limited', finding: worst.detail + more, cost: COSTS[worst.hides], remedy, needed };
}

/** Transports that can be listened on besides TCP and UDP, by their names in /proc/net/protocols. */
const MORE_PROTOCOLS = ['UDP-Lite', 'SCTP', 'DCCP', 'MPTCP', 'RAW'];

export function checkProtocols(files: HostFiles): DoctorCheck {
  const text = files.text('/proc/thread-self/net/protocols') ?? files.text('/proc/net/protocols');
  if (text === null) return limited('protocols', { finding: '/proc/net/protocols cannot be read', cost: 'only TCP and UDP are looked at', remedy: 'mount -t proc proc /proc' });
  const loaded = new Set(text.split('\n').map((line) => line.split(' ', 1)[0] ?? ''));
  const there = MORE_PROTOCOLS.filter((name) => loaded.has(name));
  const absent = MORE_PROTOCOLS.filter((name) => !loaded.has(name));
  return works('protocols', `TCP, UDP${there.map((name) => `, ${name}`).join('')}${absent.length === 0 ? '' : `; not loaded, and so without listeners: ${absent.join(', ')}`}`);
}

/** NAT in the kernel publishes ports without a socket: nothing listens, and connections are passed on. */
export function checkPublishedPorts(files: HostFiles): DoctorCheck {
  const nat = files.exists('/sys/module/nf_nat') || files.exists('/sys/module/iptable_nat') || /^nat$/m.test(files.text('/proc/net/ip_tables_names') ?? '');
  if (!nat) return notApplicable('published-ports', 'the kernel has no NAT loaded');
  return limited('published-ports', {
    finding: 'NAT is loaded in the kernel, as container engines use it',
    cost: 'a port that a DNAT rule passes on to another host or container has no listener here, and is in no audit',
    remedy: 'look by hand: nft list ruleset; iptables -t nat -S',
  });
}

/** @param failure why the kernel's events cannot be had; null where they can */
export function checkKernelEvents(failure: string | null): DoctorCheck {
  if (failure === null) return works('kernel-events', 'tracefs tells at once of TCP listeners that open and close');
  const remedy = failure.includes('not mounted') ? 'mount -t tracefs nodev /sys/kernel/tracing' : null;
  return limited('kernel-events', { finding: failure, cost: 'the daemon polls: a listener that lives for less than scan.interval (1 s) can be missed', remedy });
}

export function checkCgroups(files: HostFiles): DoctorCheck {
  if (files.exists('/sys/fs/cgroup/cgroup.controllers')) return works('cgroups', 'version 2: unit and container of every owner are known');
  if (files.exists('/sys/fs/cgroup/systemd') || files.exists('/sys/fs/cgroup/unified')) return works('cgroups', 'version 1: unit and container are known from systemd\'s own hierarchy');
  return limited('cgroups', { finding: 'no cgroups at /sys/fs/cgroup', cost: 'owners have no unit and no container, and exceptions cannot name them', remedy: 'mount -t cgroup2 none /sys/fs/cgroup' });
}
