import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Gap } from '../model/coverage.ts';
import type { Listener, UnknownReason } from '../model/listener.ts';
import type { SocketDump, SocketRecord } from '../model/socket.ts';
import { readUserNames, type UserNames } from './accounts.ts';
import { createCandidate, isOpen, type Candidate } from './candidate.ts';
import { createRootMadeDepth } from './cgroup-owners.ts';
import { describeListener } from './describe-listener.ts';
import { foldSockets, type NamespaceSockets } from './fold.ts';
import { listPids, type HolderSearch, type ProcessFolders } from './holders.ts';
import { isSettled, listenerKey, NOTHING_KNOWN, recallListener, recallReading, socketKey, type Known, type KnownHolders, type KnownListener, type KnownProcess, type KnownReading, type SocketKey } from './known.ts';
import { createOwnerReader, nameOwners, resolveDoubts, type OwnerReader, type OwnerSearch } from './name-owners.ts';
import { markClosed, nameConcealed, nameKernelServices, nameReasons, type SecondLook } from './name-reasons.ts';
import { createPause } from './pause.ts';
import { createProcessReader, readStat } from './process.ts';
import { searchKnown, searchLikely, type Recollection } from './recollection.ts';
import { isAsBefore, isSameHolders, recallSteady, type Reexamination } from './reexamination.ts';
import { searchByKernel, searchEverything, searchEverythingAgain } from './search-kernel.ts';
import { createSocketUnits, UNIT_FOLDERS } from './socket-units.ts';
import { processGaps, readVisibility, unaskedGaps } from './visibility.ts';

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
  /** Also for the next inventory to build on. */
  readonly known: Known;
  /** Milliseconds that a recollecting inventory spent on looking into all processes. */
  readonly walkMs: number;
}

/**
 * Turns sockets into listeners with owners: folds siblings, finds the processes that hold them, asks again where none
 * does, and states what could not be seen.
 * @param earlier what an earlier inventory found. By a recollection a listener whose sockets are the same as before is taken
 *   as it was, unless one of its processes has left or runs another program; for other sockets the likeliest processes are
 *   asked first, and no further than to the first holder and its relatives. Else all is found out anew; by a reexamination
 *   what turns out to be as it was is the same object.
 */
export async function takeInventory(namespaces: readonly NamespaceSockets[], paths: InventoryPaths, secondLook: SecondLook, earlier: Recollection | Reexamination | null = null): Promise<Inventory> {
  const recollection = earlier !== null && 'look' in earlier ? earlier : null;
  const known = earlier?.known ?? NOTHING_KNOWN;
  const userName = readUserNames(paths.passwd);
  const sockets = joinLists(namespaces.map(({ dump }) => dump.sockets));
  // Where a source tells no inodes there may be no /proc either.
  let pids = recollection === null && sockets.some(hasInode) ? listPids(paths.proc) : null;
  const walk = pids === null ? known.walk : await searchEverything(paths, pids, known.walk).find(sockets);
  const processes = createProcessReader(paths.proc, paths.passwd, userName, createRootMadeDepth(paths.cgroupRoots));
  const reader = createOwnerReader(paths.proc, processes, known.processes, recollection === null ? walk.idle : undefined);
  if (recollection === null) await readAhead(reader, known.processes.keys());
  const steady = recollection === null ? recallSteady(known.steady, walk, reader, userName) : null;
  const isToKeep = (former: KnownListener) => (recollection === null ? steady !== null && isAsBefore(known, former, walk, steady, reader, userName) : isSettled(recollection, former));
  const readings = namespaces.map((from) => enterReading(from, known, isToKeep));
  const candidates = joinLists(readings.map((reading) => reading.candidates));
  if (recollection !== null && candidates.some(({ group }) => hasInode(group.first))) pids = listPids(paths.proc);
  const units = createSocketUnits(paths.cgroupRoots, paths.unitFolders);
  const { unreadable, walkMs } = await (recollection === null
    ? nameByAll(candidates, paths, reader, userName, secondLook, walk, pids ?? [])
    : nameByLikely(candidates, paths, reader, userName, secondLook, recollection, pids ?? []));

  const found: Known = {
    ...known,
    ...(recollection !== null ? {} : { visibility: readVisibility(paths.proc), unreadable: nameProcesses(paths.proc, unreadable), walk, steady }),
    ...(pids === null ? {} : { pids: new Set(pids) }),
    ...(isSameOrder(readings, known.listeners.values()) ? {} : await remember(namespaces, readings, known, recollection, reader, (candidate) => describeListener(candidate, userName, units))),
  };
  return { known: found, walkMs };
}

/** One after the other, for all of them together would keep the event loop waiting: 0.1 ms each. */
async function readAhead(reader: OwnerReader, pids: Iterable<number>): Promise<void> {
  const pause = createPause();
  for (const pid of pids) {
    await pause();
    reader.read(pid);
  }
}

/** A single one is the very same list, by which it is known again. */
function joinLists<T>(lists: readonly (readonly T[])[]): readonly T[] {
  return lists.length === 1 && lists[0] !== undefined ? lists[0] : new Array<T>().concat(...lists);
}

type Entry = KnownListener | Candidate;

interface Reading {
  readonly entries: readonly Entry[];
  /** Those of them of which something is to be found out. */
  readonly candidates: readonly Candidate[];
}

/** The listeners of one namespace as they were, or what is to be found out of them. */
function enterReading(from: NamespaceSockets, known: Known, isToKeep: (former: KnownListener) => boolean): Reading {
  const former = recallReading(known, from);
  if (former?.every(isToKeep) === true) return { entries: former, candidates: [] };
  const entries = foldSockets(from).map((group) => {
    const listener = recallListener(known, from, group);
    return listener !== null && isToKeep(listener) ? listener : createCandidate(from, group);
  });
  return { entries, candidates: entries.filter(isCandidate) };
}

function isSameOrder(readings: readonly Reading[], known: Iterable<KnownListener>): boolean {
  const listeners = known[Symbol.iterator]();
  for (const { entries } of readings) {
    for (const entry of entries) if (listeners.next().value !== entry) return false;
  }
  return listeners.next().done === true;
}

/** For the next inventory: the candidates as what they have become, and the others as they were. */
async function remember(namespaces: readonly NamespaceSockets[], entered: readonly Reading[], before: Known, recollection: Recollection | null, reader: OwnerReader, describe: (candidate: Candidate) => Listener): Promise<Pick<Known, 'listeners' | 'holders' | 'processes' | 'readings'>> {
  const pause = createPause();
  const listeners = new Map<string, KnownListener>();
  const holders = new Map<SocketKey, KnownHolders>();
  const processes = new Map<number, KnownProcess>();
  const readings = new Map<SocketDump, KnownReading>();
  for (const [index, { dump, namespace }] of namespaces.entries()) {
    const keys: string[] = [];
    readings.set(dump, { namespace, keys });
    for (const entry of entered[index]?.entries ?? []) {
      await pause();
      const listener = isCandidate(entry) ? rememberListener(entry, describe(entry), before, recollection) : entry;
      listeners.set(listener.key, listener);
      keys.push(listener.key);
      for (const socket of listener.sockets) {
        const former = before.holders.get(socketKey(socket));
        const now = isCandidate(entry) ? entry.holders.get(socketKey(socket)) : former;
        if (now === undefined) continue;
        const held = former !== undefined && isSameHolders(former, now) ? former : now;
        holders.set(socketKey(socket), held);
        for (const holding of held.holdings) {
          const process = processes.has(holding.pid) ? null : isCandidate(entry) || recollection === null ? reader.read(holding.pid) : before.processes.get(holding.pid);
          if (process !== null && process !== undefined) processes.set(holding.pid, { holding, inode: socket.inode ?? 0, program: process.program, unasked: process.unasked, owner: process.owner, startTicks: process.startTicks });
        }
      }
    }
  }
  return { listeners, holders, processes, readings };
}

export function listenersOf({ listeners }: Known): readonly Listener[] {
  return [...listeners.values()].map(({ listener }) => listener);
}

/** What could not be seen of the processes, and so of the listeners. */
export function gapsOf({ listeners, visibility, unreadable, processes }: Known): readonly Gap[] {
  const unnamed = [...listeners.values()].filter(({ listener: { ownerNote } }) => ownerNote !== null && UNNAMED.has(ownerNote.code));
  const unasked = [...processes.values()].flatMap(({ owner, unasked: type }) => (type === null ? [] : `${owner.name}[${owner.pid}] on ${type}`));
  return [...processGaps(visibility, unreadable, unnamed.length), ...unaskedGaps(unasked)];
}

function hasInode({ inode }: SocketRecord): boolean {
  return inode !== null;
}

/** Reasons that are ours, and not those of the listener. */
const UNNAMED: ReadonlySet<string> = new Set<UnknownReason>(['no-privilege', 'outside-pid-namespace', 'source-limit', 'not-searched']);

interface Naming {
  readonly unreadable: readonly number[];
  readonly walkMs: number;
}

/** Names the owners of the candidates by a walk over all processes, or says why they have none. */
async function nameByAll(candidates: readonly Candidate[], folders: ProcessFolders, reader: OwnerReader, userName: UserNames, secondLook: SecondLook, walk: HolderSearch, pids: readonly number[]): Promise<Naming> {
  const without = () => candidates.filter(isOpen);
  await nameOwners(without(), { find: () => Promise.resolve(walk), isComplete: () => true }, reader);
  const doubtful = candidates.filter((candidate) => candidate.doubtful.length > 0);
  if (doubtful.length > 0) await resolveDoubts(doubtful, searchByKernel(folders, pids), reader);
  if (without().length > 0) await nameKernelServices(without(), secondLook, userName);
  let { unreadable } = walk;
  if (without().length > 0) {
    unreadable = await nameOwners(without(), searchEverythingAgain(folders), reader);
    await lookForElusive(candidates, secondLook, searchEverythingAgain(folders), reader);
    await nameReasons(without(), secondLook, 'everywhere', unreadable.length > 0, folders.proc);
  }
  nameConcealed(candidates, folders.proc);
  return { unreadable, walkMs: 0 };
}

/** A look misses a process that moves a socket about in one case of two. */
const MORE_LOOKS = 8;

/** Looks on for what some process was seen to hold, and did not hold when it was looked at again. */
async function lookForElusive(candidates: readonly Candidate[], secondLook: SecondLook, search: OwnerSearch, reader: OwnerReader): Promise<void> {
  const elusive = () => candidates.filter((candidate) => isOpen(candidate) && candidate.unheld.some(({ inode }) => inode !== null && reader.isElusive(inode)));
  for (let look = 0; look < MORE_LOOKS && elusive().length > 0; look += 1) {
    await markClosed(elusive(), secondLook);
    await nameOwners(elusive(), search, reader);
  }
}

/** As far as the likely processes go, and all of them only where there is time. */
async function nameByLikely(candidates: readonly Candidate[], folders: ProcessFolders, reader: OwnerReader, userName: UserNames, secondLook: SecondLook, recollection: Recollection, pids: readonly number[]): Promise<Naming> {
  const { proc } = folders;
  const without = () => candidates.filter(isOpen);
  const name = (search: OwnerSearch) => nameOwners(without(), search, reader);
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

function isCandidate(entry: Entry): entry is Candidate {
  return 'group' in entry;
}

/** By a reexamination what turns out to be as it was is the same object, though all of it was found out anew. */
function rememberListener({ from, group, unowned }: Candidate, listener: Listener, before: Known, recollection: Recollection | null): KnownListener {
  const key = listenerKey(from, group);
  const former = recallListener(before, from, group);
  if (recollection === null && former?.tries === 0 && isDeepStrictEqual(former.listener, listener)) return former;
  const isSought = recollection !== null && unowned?.code === 'not-searched';
  return { key, sockets: group.sockets, listener, tries: isSought ? (before.listeners.get(key)?.tries ?? 0) + 1 : 0, triedAt: recollection?.look ?? 0 };
}

/** `name[pid]` of each process: what could not be looked into can still be named. The kernel's threads hold nothing. */
function nameProcesses(proc: string, pids: readonly number[]): readonly string[] {
  return pids.flatMap((pid) => {
    const stat = readStat(join(proc, String(pid)));
    return stat?.isKernelThread === true ? [] : [`${stat?.name ?? '?'}[${pid}]`];
  });
}
