import { join } from 'node:path';
import type { Gap } from '../model/coverage.ts';
import type { Activation, Listener, Owner, UnknownReason } from '../model/listener.ts';
import type { KernelService, SocketRecord } from '../model/socket.ts';
import { readUserNames, type UserNames } from './accounts.ts';
import { createRootMadeDepth } from './cgroup-owners.ts';
import { foldSockets, type NamespaceSockets, type SocketGroup } from './fold.ts';
import { findHolders, stillHolds, type Holding } from './holders.ts';
import { identify } from './identity.ts';
import { createProcessReader, hasKernelThread, readStat, type ProcessReader } from './process.ts';
import { createSocketUnits, UNIT_FOLDERS, type SocketUnits } from './socket-units.ts';
import { processGaps, readVisibility } from './visibility.ts';

/** Where the inventory reads; a test points it at a tree of its own. */
export interface InventoryPaths {
  readonly proc: string;
  readonly passwd: string;
  readonly cgroupRoots: readonly string[];
  readonly unitFolders: readonly string[];
}

export const SYSTEM_PATHS: InventoryPaths = {
  proc: '/proc',
  passwd: '/etc/passwd',
  cgroupRoots: ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'],
  unitFolders: UNIT_FOLDERS,
};

/** Questions that come up only where a socket has no holder, answered by the source that read the sockets. */
export interface SecondLook {
  /** The namespace's sockets as they are now. */
  readAgain(sockets: NamespaceSockets): Promise<readonly SocketRecord[]>;
  /** Ports that the kernel itself serves in the namespace. */
  kernelServices(sockets: NamespaceSockets): Promise<readonly KernelService[]>;
}

export interface Inventory {
  readonly listeners: readonly Listener[];
  readonly gaps: readonly Gap[];
}

/** A listener on its way to an owner. */
interface Candidate {
  readonly from: NamespaceSockets;
  readonly group: SocketGroup;
  owners: readonly Owner[];
  /** Sockets of the group that no process was found to hold. */
  unheld: readonly SocketRecord[];
  unowned: { readonly kind: 'kernel' | 'unknown'; readonly code: 'kernel' | UnknownReason; readonly detail: string } | null;
}

/**
 * Turns sockets into listeners with owners: folds siblings, finds the processes that hold them, asks again where none
 * does, and states what could not be seen.
 */
export async function takeInventory(namespaces: readonly NamespaceSockets[], paths: InventoryPaths, secondLook: SecondLook): Promise<Inventory> {
  const candidates: Candidate[] = namespaces.flatMap((from) => foldSockets(from).map((group) => ({ from, group, owners: [], unheld: group.sockets, unowned: null })));
  const userName = readUserNames(paths.passwd);
  const reader = createProcessReader(paths.proc, paths.passwd, userName, createRootMadeDepth(paths.cgroupRoots));

  let unreadable = await nameOwners(candidates, paths.proc, reader, false);
  const without = () => candidates.filter((candidate) => candidate.unheld.length > 0 && candidate.unowned === null);
  if (without().length > 0) {
    await nameKernelServices(without(), secondLook, userName);
    if (without().length > 0) {
      // A process may have handed its socket on, or ended, while the walk was under way: look once more.
      unreadable = await nameOwners(without(), paths.proc, reader, true);
      await nameReasons(without(), secondLook, unreadable.length > 0, paths.proc);
    }
  }

  const units = createSocketUnits(paths.cgroupRoots, paths.unitFolders);
  const listeners = candidates.map((candidate): Listener => {
    const listener = describe(candidate, userName, units);
    return { id: identify(listener), ...listener };
  });
  const unnamed = candidates.filter(({ unowned }) => unowned?.code === 'no-privilege' || unowned?.code === 'outside-pid-namespace' || unowned?.code === 'source-limit').length;
  return { listeners, gaps: processGaps(readVisibility(paths.proc), nameProcesses(paths.proc, unreadable), unnamed) };
}

/**
 * Names the processes that hold each listener. Each is looked at again after it was read: if the descriptor no longer
 * leads to the socket then the process has closed it or has left, and its pid may be another's.
 * @returns the processes that could not be looked into
 */
async function nameOwners(candidates: readonly Candidate[], proc: string, reader: ProcessReader, eachThread: boolean): Promise<readonly number[]> {
  const inodes = new Set<number>();
  for (const { unheld } of candidates) {
    for (const { inode } of unheld) if (inode !== null && inode !== 0) inodes.add(inode);
  }
  const { holders, unreadable } = await findHolders(proc, inodes, eachThread);
  const read = new Map<number, ReturnType<ProcessReader['readOwner']>>();
  const confirm = ({ pid, link }: Holding, inode: number): Owner | null => {
    let found = read.get(pid);
    if (found === undefined) read.set(pid, (found = reader.readOwner(pid)));
    return found !== null && stillHolds({ pid, link }, inode) ? found.owner : null;
  };
  for (const candidate of candidates) {
    const owners = new Map(candidate.owners.map((owner) => [owner.pid, owner]));
    const unheld: SocketRecord[] = [];
    for (const socket of candidate.unheld) {
      const holding = socket.holder !== null ? [ownerFromSource(socket.holder, reader)] : (holders.get(socket.inode ?? 0) ?? []).map((each) => confirm(each, socket.inode ?? 0));
      const found = holding.filter((owner) => owner !== null);
      for (const owner of found) owners.set(owner.pid, owner);
      if (found.length === 0) unheld.push(socket);
    }
    candidate.owners = [...owners.values()].sort((a, b) => a.pid - b.pid);
    candidate.unheld = unheld;
  }
  return unreadable;
}

/** `name[pid]` of each process: what could not be looked into can still be named. The kernel's threads hold nothing. */
function nameProcesses(proc: string, pids: readonly number[]): readonly string[] {
  return pids.flatMap((pid) => {
    const stat = readStat(join(proc, String(pid)));
    return stat?.isKernelThread === true ? [] : [`${stat?.name ?? '?'}[${pid}]`];
  });
}

/** The portable source names a process itself; where there is a /proc, that tells more of it. */
function ownerFromSource(holder: NonNullable<SocketRecord['holder']>, reader: ProcessReader): Owner {
  return (
    reader.readOwner(holder.pid)?.owner ?? {
      pid: holder.pid,
      name: holder.name ?? `process ${holder.pid}`,
      exe: null,
      exeDeleted: null,
      exeReplaced: null,
      exeForeign: null,
      commandLine: null,
      script: null,
      uid: null,
      user: null,
      unit: null,
      innerUnit: null,
      container: null,
      startedAt: null,
    }
  );
}

/** Accounts that manage the network without being root: that of systemd-networkd. */
const NETWORK_ACCOUNTS: ReadonlySet<string> = new Set(['systemd-network']);

async function nameKernelServices(candidates: readonly Candidate[], secondLook: SecondLook, userName: UserNames): Promise<void> {
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

async function nameReasons(candidates: readonly Candidate[], secondLook: SecondLook, unreadable: boolean, proc: string): Promise<void> {
  const reason = reasonFor(unreadable, proc);
  for (const [from, members] of byNamespace(candidates)) {
    if (members.every(({ unheld }) => unheld.every(({ inode }) => inode === null))) {
      for (const candidate of members) candidate.unowned = { kind: 'unknown', code: 'source-limit', detail: 'this source does not tell which process holds the socket' };
      continue;
    }
    const now = await secondLook.readAgain(from);
    const open = new Set(now.map((socket) => socket.inode));
    for (const candidate of members) {
      const present = candidate.unheld.some((socket) => open.has(socket.inode));
      // A sibling that closed meanwhile leaves a listener whose owners are all known.
      if (!present && candidate.owners.length > 0) candidate.unheld = [];
      else candidate.unowned = { kind: 'unknown', ...(present ? reason : { code: 'process-left', detail: 'the socket was closed while the audit ran' }) };
    }
  }
}

function reasonFor(unreadable: boolean, proc: string): { readonly code: UnknownReason; readonly detail: string } {
  const visibility = readVisibility(proc);
  if (unreadable || visibility.processesHidden) {
    return { code: 'no-privilege', detail: 'no process that this user may look into holds it' };
  }
  if (visibility.insidePidNamespace) {
    return { code: 'outside-pid-namespace', detail: 'no process of this PID namespace holds it: a process outside does, or the kernel' };
  }
  // NFS locking takes any free port and tells only rpcbind, which is a process and could be told anything.
  const locking = hasKernelThread(proc, 'lockd') ? " (lockd runs here: once fs.nfs.nlm_tcpport and nlm_udpport are set, its ports are known)" : '';
  return {
    code: 'no-holder',
    detail: `every process was looked into and none holds it: a kernel service that does not name its port${locking}, io_uring, a descriptor in flight, or something that hides`,
  };
}

function byNamespace(candidates: readonly Candidate[]): ReadonlyMap<NamespaceSockets, readonly Candidate[]> {
  const groups = new Map<NamespaceSockets, Candidate[]>();
  for (const candidate of candidates) {
    const group = groups.get(candidate.from);
    if (group === undefined) groups.set(candidate.from, [candidate]);
    else group.push(candidate);
  }
  return groups;
}

function describe({ from, group, owners, unheld, unowned }: Candidate, userName: (uid: number) => string | null, units: SocketUnits): Omit<Listener, 'id'> {
  const { protocol, family, address, port, uid } = group.first;
  const raw = protocol === 'raw';
  const activation = owners.some(isServiceManager) ? units.find(group.first) : null;
  return {
    protocol,
    family,
    address,
    port: raw ? null : port,
    ipProtocol: raw ? port : null,
    scope: group.scope,
    interface: group.interface,
    dualStack: group.dualStack,
    sockets: group.sockets.length,
    netns: from.namespace,
    ephemeral: group.ephemeral,
    socketUid: uid,
    socketUser: uid === null ? null : userName(uid),
    ownerKind: owners.length > 0 ? 'process' : unowned?.kind ?? 'unknown',
    ownerNote: unowned === null ? null : { code: unowned.code, detail: owners.length > 0 ? `of ${group.sockets.length} sockets that share the port, ${unheld.length} without an owner: ${unowned.detail}` : unowned.detail },
    owners: owners.map((owner) => (activation !== null && isServiceManager(owner) ? { ...owner, unit: activation.unit } : owner)),
    activation: activation === null ? null : withService(activation, owners),
  };
}

/** systemd itself, which is the first process. A user's manager opens what its user likes, under names he chose. */
function isServiceManager(owner: Owner): boolean {
  return owner.pid === 1 && owner.name === 'systemd';
}

/** Where the unit files do not tell the service, the process that took the socket over does. */
function withService(activation: Activation, owners: readonly Owner[]): Activation {
  if (activation.service !== null) return activation;
  const service = owners.find((owner) => !isServiceManager(owner) && owner.unit?.endsWith('.service') === true)?.unit ?? null;
  return { ...activation, service };
}
