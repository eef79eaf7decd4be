import type { UnknownReason } from '../model/listener.ts';
import type { KernelService, SocketRecord } from '../model/socket.ts';
import type { UserNames } from './accounts.ts';
import { byNamespace, isOpen, type Candidate } from './candidate.ts';
import type { NamespaceSockets } from './fold.ts';
import { hasKernelThread } from './process.ts';
import { readVisibility } from './visibility.ts';

/** Questions that come up only where a socket has no holder, answered by the source that read the sockets. */
export interface SecondLook {
  /** The namespace's sockets as they are now. */
  readAgain(sockets: NamespaceSockets): Promise<readonly SocketRecord[]>;
  /** Ports that the kernel itself serves in the namespace. */
  kernelServices(sockets: NamespaceSockets): Promise<readonly KernelService[]>;
}

/** Accounts that manage the network without being root: that of systemd-networkd. */
const NETWORK_ACCOUNTS: ReadonlySet<string> = new Set(['systemd-network']);

/** Tells which of the sockets without a holder are the kernel's own. */
export async function nameKernelServices(candidates: readonly Candidate[], secondLook: SecondLook, userName: UserNames): Promise<void> {
  for (const [from, members] of byNamespace(candidates)) {
    const services = await secondLook.kernelServices(from);
    for (const candidate of members) {
      const { protocol, port } = candidate.group.first;
      const service = services.find((known) => known.protocol === protocol && known.port === port);
      // A socket of the kernel has the uid of who brought the interface up. Another user's is there to pass for it.
      if (service !== undefined && candidate.owners.length === 0 && candidate.unheld.every(({ uid }) => uid === 0 || (uid !== null && NETWORK_ACCOUNTS.has(userName(uid) ?? '')))) candidate.unowned = { kind: 'kernel', code: 'kernel', detail: `${service.service}: ${service.evidence}` };
    }
  }
}

/** Asks once more for the sockets without a holder: those that are gone need no further search. */
export async function markClosed(candidates: readonly Candidate[], secondLook: SecondLook): Promise<void> {
  for (const [from, members] of byNamespace(candidates)) {
    const now = await secondLook.readAgain(from);
    const open = new Set(now.map((socket) => socket.inode));
    for (const candidate of members) {
      if (candidate.unheld.some((socket) => open.has(socket.inode))) continue;
      // A sibling that closed meanwhile leaves a listener whose owners are all known.
      if (candidate.owners.length > 0) candidate.unheld = [];
      else candidate.unowned = { kind: 'unknown', code: 'process-left', detail: 'the socket was closed while the audit ran' };
    }
  }
}

/** How far the search for owners went. */
export type Searched = 'everywhere' | 'all but threads' | 'likely processes';

/** Says of each socket that still has no holder why. */
export async function nameReasons(candidates: readonly Candidate[], secondLook: SecondLook, searched: Searched, unreadable: boolean, proc: string): Promise<void> {
  const [untold, told] = [candidates.filter(isUntold), candidates.filter((candidate) => !isUntold(candidate))];
  for (const candidate of untold) candidate.unowned = { kind: 'unknown', code: 'source-limit', detail: 'this source does not tell which process holds the socket' };
  await markClosed(told, secondLook);
  const open = told.filter(isOpen);
  if (open.length === 0) return;
  const reason = reasonFor(searched, unreadable, proc);
  for (const candidate of open) candidate.unowned = { kind: 'unknown', ...reason };
}

/** Says of each owner that /proc does not show why it is known by no more than its pid and name. */
export function nameConcealed(candidates: readonly Candidate[], proc: string): void {
  for (const candidate of candidates) {
    const { concealed, unowned } = candidate;
    if (concealed.length === 0) continue;
    const who = [...new Map(concealed.map(({ pid, name }) => [pid, `${name}[${pid}]`])).values()].join(', ');
    const told = `the kernel says that ${who} ${concealed.length === 1 ? 'holds' : 'hold'} it, which ${proc} does not show`;
    candidate.unowned = {
      kind: 'unknown',
      ...(readVisibility(proc).processesHidden
        ? { code: 'no-privilege', detail: `${told}: it is mounted with hidepid` }
        : { code: 'concealed', detail: `${told}: something is mounted over its folder, or hides it otherwise` }),
    };
    if (unowned !== null) candidate.unowned = { ...candidate.unowned, detail: `${candidate.unowned.detail}; ${unowned.detail}` };
  }
}

function isUntold({ unheld }: Candidate): boolean {
  return unheld.every(({ inode }) => inode === null);
}

const NOT_SEARCHED = { code: 'not-searched', detail: 'it came a moment ago, and no process that was looked into so far holds it; all are looked into at the next sweep' } as const;

function reasonFor(searched: Searched, unreadable: boolean, proc: string): { readonly code: UnknownReason; readonly detail: string } {
  if (searched === 'likely processes') return NOT_SEARCHED;
  const visibility = readVisibility(proc);
  if (unreadable || visibility.processesHidden) {
    return { code: 'no-privilege', detail: 'no process that this user may look into holds it' };
  }
  if (visibility.shows === 'foreign' || visibility.shows === 'none') {
    return { code: 'outside-pid-namespace', detail: visibility.shows === 'none' ? `${proc} shows no process` : `no process that ${proc} shows holds it, and portreeve's own PID namespace is another` };
  }
  if (visibility.insidePidNamespace) {
    return { code: 'outside-pid-namespace', detail: 'no process of this PID namespace holds it: a process outside does, or the kernel' };
  }
  if (searched === 'all but threads') return NOT_SEARCHED;
  // NFS locking takes any free port and tells only rpcbind, which is a process and could be told anything.
  const locking = hasKernelThread(proc, 'lockd') ? " (lockd runs here: once fs.nfs.nlm_tcpport and nlm_udpport are set, its ports are known)" : '';
  return {
    code: 'no-holder',
    detail: `every process was looked into and none holds it: a kernel service that does not name its port${locking}, io_uring, a descriptor in flight, or something that hides`,
  };
}

