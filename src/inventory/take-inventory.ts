import { join } from 'node:path';
import type { Gap } from '../model/coverage.ts';
import type { Listener, UnknownReason } from '../model/listener.ts';
import { readUserNames, type UserNames } from './accounts.ts';
import { createCandidate, isOpen, type Candidate } from './candidate.ts';
import { createRootMadeDepth } from './cgroup-owners.ts';
import { describeListener } from './describe-listener.ts';
import { foldSockets, type NamespaceSockets } from './fold.ts';
import { listPids, type ProcessFolders } from './holders.ts';
import { listenerKey, recallListener, socketKey, type Known, type KnownHolders, type KnownListener, type KnownProcess, type SocketKey } from './known.ts';
import { createOwnerReader, nameOwners, resolveDoubts, type OwnerReader, type OwnerSearch } from './name-owners.ts';
import { markClosed, nameConcealed, nameKernelServices, nameReasons, type SecondLook } from './name-reasons.ts';
import { createPause } from './pause.ts';
import { createProcessReader, readStat } from './process.ts';
import { searchKnown, searchLikely, type Recollection } from './recollection.ts';
import { searchByKernel, searchEverything, searchEverythingAgain } from './search-kernel.ts';
import { createSocketUnits, UNIT_FOLDERS } from './socket-units.ts';
import { processGaps, readVisibility } from './visibility.ts';

/** Where the inventory reads; a test points it at a tree of its own. */
export interface InventoryPaths extends ProcessFolders {
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

export interface Inventory {
  readonly listeners: readonly Listener[];
  readonly gaps: readonly Gap[];
  /** For the next inventory to build on. */
  readonly known: Known;
  /** Milliseconds that a recollecting inventory spent on looking into all processes. */
  readonly walkMs: number;
}

/**
 * Turns sockets into listeners with owners: folds siblings, finds the processes that hold them, asks again where none
 * does, and states what could not be seen.
 * @param recollection what an earlier inventory found. Then a listener whose sockets are the same as before is taken as it
 *   was, unless one of its processes has left or runs another program; for other sockets the likeliest processes are
 *   asked first, and no further than to the first holder and its relatives. Without it all is found out anew.
 */
export async function takeInventory(namespaces: readonly NamespaceSockets[], paths: InventoryPaths, secondLook: SecondLook, recollection: Recollection | null = null): Promise<Inventory> {
  const entries = namespaces.flatMap((from) => foldSockets(from).map((group) => (recollection === null ? null : recallListener(recollection, from, group)) ?? createCandidate(from, group)));
  const candidates = entries.filter(isCandidate);
  const userName = readUserNames(paths.passwd);
  const reader = createOwnerReader(paths.proc, createProcessReader(paths.proc, paths.passwd, userName, createRootMadeDepth(paths.cgroupRoots)));
  // Where a source tells no inodes there may be no /proc either.
  const pids = hasInodes(candidates) ? listPids(paths.proc) : null;
  const { unreadable, walkMs } = await nameAll(candidates, paths, reader, userName, secondLook, recollection, pids ?? []);

  const pause = createPause();
  const units = createSocketUnits(paths.cgroupRoots, paths.unitFolders);
  const listeners = new Map<string, KnownListener>();
  const holders = new Map<SocketKey, KnownHolders>();
  const processes = new Map<number, KnownProcess>();
  for (const entry of entries) {
    await pause();
    const known = isCandidate(entry) ? rememberListener(entry, describeListener(entry, userName, units), recollection) : entry;
    listeners.set(known.key, known);
    for (const socket of known.sockets) {
      const held = isCandidate(entry) ? entry.holders.get(socketKey(socket)) : recollection?.known.holders.get(socketKey(socket));
      if (held === undefined) continue;
      holders.set(socketKey(socket), held);
      for (const holding of held.holdings) {
        if (!processes.has(holding.pid)) processes.set(holding.pid, { holding, inode: socket.inode ?? 0, program: reader.programs.get(holding.pid) ?? recollection?.known.processes.get(holding.pid)?.program ?? null });
      }
    }
  }
  const { visibility, unreadable: closed, descriptors } = recollection?.known ?? { visibility: readVisibility(paths.proc), unreadable: nameProcesses(paths.proc, unreadable), descriptors: new Map<number, number>() };
  const all = [...listeners.values()].map(({ listener }) => listener);
  return {
    listeners: all,
    gaps: processGaps(visibility, closed, all.filter(({ ownerNote }) => ownerNote !== null && UNNAMED.has(ownerNote.code)).length),
    known: { listeners, holders, processes, pids: pids === null ? recollection?.known.pids ?? new Set() : new Set(pids), descriptors, visibility, unreadable: closed },
    walkMs,
  };
}

function hasInodes(candidates: readonly Candidate[]): boolean {
  return candidates.some(({ group }) => group.first.inode !== null);
}

/** Reasons that are ours, and not those of the listener. */
const UNNAMED: ReadonlySet<string> = new Set<UnknownReason>(['no-privilege', 'outside-pid-namespace', 'source-limit', 'not-searched']);

/** Names the owners of all candidates, or says why they have none. */
async function nameAll(candidates: readonly Candidate[], folders: ProcessFolders, reader: OwnerReader, userName: UserNames, secondLook: SecondLook, recollection: Recollection | null, pids: readonly number[]): Promise<{ readonly unreadable: readonly number[]; readonly walkMs: number }> {
  const { proc } = folders;
  const without = () => candidates.filter(isOpen);
  const name = (search: OwnerSearch) => nameOwners(without(), search, reader);
  if (recollection === null) {
    let unreadable = await name(searchEverything(folders, pids));
    const doubtful = candidates.filter((candidate) => candidate.doubtful.length > 0);
    if (doubtful.length > 0) await resolveDoubts(doubtful, searchByKernel(folders, pids), reader);
    if (without().length > 0) await nameKernelServices(without(), secondLook, userName);
    if (without().length > 0) {
      unreadable = await name(searchEverythingAgain(folders));
      await nameReasons(without(), secondLook, 'everywhere', unreadable.length > 0, proc);
    }
    nameConcealed(candidates, proc);
    return { unreadable, walkMs: 0 };
  }
  await name(searchKnown(recollection));
  if (without().length > 0) await name(searchLikely(recollection, folders, pids));
  if (without().length > 0) await nameKernelServices(without(), secondLook, userName);
  if (without().length > 0) await markClosed(without(), secondLook);
  if (without().length === 0) return { unreadable: [], walkMs: 0 };
  const started = performance.now();
  const unreadable = recollection.mayWalk ? await name(searchLikely(recollection, folders, pids, Infinity)) : [];
  const walkMs = recollection.mayWalk ? performance.now() - started : 0;
  await nameReasons(without(), secondLook, recollection.mayWalk ? 'all but threads' : 'likely processes', unreadable.length > 0, proc);
  return { unreadable, walkMs };
}

function isCandidate(entry: KnownListener | Candidate): entry is Candidate {
  return 'group' in entry;
}

function rememberListener({ from, group, unowned }: Candidate, listener: Listener, recollection: Recollection | null): KnownListener {
  const key = listenerKey(from, group);
  const isSought = recollection !== null && unowned?.code === 'not-searched';
  return { key, sockets: group.sockets, listener, tries: isSought ? (recollection.known.listeners.get(key)?.tries ?? 0) + 1 : 0, triedAt: recollection?.look ?? 0 };
}

/** `name[pid]` of each process: what could not be looked into can still be named. The kernel's threads hold nothing. */
function nameProcesses(proc: string, pids: readonly number[]): readonly string[] {
  return pids.flatMap((pid) => {
    const stat = readStat(join(proc, String(pid)));
    return stat?.isKernelThread === true ? [] : [`${stat?.name ?? '?'}[${pid}]`];
  });
}
