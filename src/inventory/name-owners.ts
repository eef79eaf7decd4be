import { isDeepStrictEqual } from 'node:util';
import type { Owner } from '../model/listener.ts';
import type { SocketRecord } from '../model/socket.ts';
import type { Candidate } from './candidate.ts';
import { followHolding, type HolderSearch, type Holding } from './holders.ts';
import { socketKey, type Known } from './known.ts';
import { createPause } from './pause.ts';
import { isProcessFolder, type ProcessReader, type ReadOwner } from './process.ts';

/** One way of looking for holders. */
export interface OwnerSearch {
  find(wanted: readonly SocketRecord[]): Promise<HolderSearch>;
  /** Whether what it found is all there is: no other process holds the socket. */
  isComplete(socket: SocketRecord): boolean;
}

export interface ConfirmedOwner {
  readonly owner: Owner;
  /** /proc does not show that it holds the socket, and the kernel says so. */
  readonly isConcealed: boolean;
}

/** Reads processes, each once however many sockets it holds. */
export interface OwnerReader {
  /** The process that holds the socket; null where the descriptor no longer leads there. */
  confirm(holding: Holding, inode: number): ConfirmedOwner | null;
  /** Whether some process was seen to hold the socket, and was not when it was looked at again. */
  isElusive(inode: number): boolean;
  /** The process that a source has named. */
  fromSource(holder: NonNullable<SocketRecord['holder']>): Owner;
  /** A process as it is now; null where it has left. */
  read(pid: number): ReadOwner | null;
}

/**
 * Each holder is looked at again after it was read: if the descriptor no longer leads to the socket then the process has
 * closed it or has left, and its pid may be another's. So it is too where the kernel named the holder, once. If the kernel
 * names that very descriptor again, after /proc did not show it, then /proc does not show what is. A process that is still
 * the same one and is seen so twice, otherwise, moves the socket from one number to the next as fast as it can: anyone may.
 * @param known processes as they were: one that is the same is given as the same object
 * @param idle those of them that did not run since
 */
export function createOwnerReader(proc: string, reader: ProcessReader, known: Known['processes'] = new Map(), idle: ReadonlySet<number> = new Set()): OwnerReader {
  const read = new Map<number, ReadOwner | null>();
  const denied = new Map<number, Map<number, Holding>>();
  const readOnce = (pid: number) => {
    let found = read.get(pid);
    if (found === undefined) {
      const former = known.get(pid);
      found = former !== undefined && idle.has(pid) && reader.isStill(former) ? former : reader.readOwner(pid);
      if (former !== undefined && found !== null && found !== former && former.program === found.program && isDeepStrictEqual(former.owner, found.owner)) found = { ...found, owner: former.owner };
      read.set(pid, found);
    }
    return found;
  };
  return {
    read: readOnce,
    confirm(holding, inode) {
      const { pid, link, name } = holding;
      const found = readOnce(pid);
      const told = followHolding(holding, inode);
      if (told === 'holds' && found !== null) return { owner: found.owner, isConcealed: false };
      // A process that runs one program after the other cannot be read at rest, and a folder that is not its own is not read.
      if (told === 'holds') return name === undefined ? null : { owner: bareOwner({ pid, name }), isConcealed: !isProcessFolder(proc, pid) };
      const deniedOf = denied.get(inode) ?? new Map<number, Holding>();
      denied.set(inode, deniedOf);
      const before = deniedOf.get(pid);
      if (before === undefined) deniedOf.set(pid, holding);
      // Of one look it is the same object, which several listeners may ask about (SCTP with several addresses).
      if (before === undefined || before === holding) return null;
      if (name === undefined || before.link !== link) return found !== null && reader.readOwner(pid)?.startTicks === found.startTicks ? { owner: found.owner, isConcealed: false } : null;
      const isShown = told === 'forbidden' && found !== null && isProcessFolder(proc, pid);
      return { owner: isShown ? found.owner : bareOwner({ pid, name }), isConcealed: !isShown };
    },
    isElusive: (inode) => denied.has(inode),
    fromSource: (holder) => reader.readOwner(holder.pid)?.owner ?? bareOwner(holder),
  };
}

/**
 * Looks in one way for the holders of those sockets of the candidates that have none yet.
 * @returns the processes that could not be looked into
 */
export async function nameOwners(candidates: readonly Candidate[], search: OwnerSearch, reader: OwnerReader): Promise<readonly number[]> {
  const pause = createPause();
  const wanted = candidates.flatMap(({ unheld }) => unheld.filter(({ inode }) => inode !== null && inode !== 0));
  const { holders, unreadable } = await search.find(wanted);
  for (const candidate of candidates) {
    await pause();
    const owners = new Map(candidate.owners.map((owner) => [owner.pid, owner]));
    const unheld: SocketRecord[] = [];
    const doubtful: SocketRecord[] = [];
    for (const socket of candidate.unheld) {
      const inode = socket.inode ?? 0;
      const holdings: Holding[] = [];
      let isHeld = false;
      let isDoubtful = false;
      if (socket.holder !== null) {
        const owner = reader.fromSource(socket.holder);
        owners.set(owner.pid, owner);
        isHeld = true;
      }
      for (const holding of socket.holder === null ? holders.get(inode) ?? [] : []) {
        const confirmed = reader.confirm(holding, inode);
        if (confirmed === null) {
          isDoubtful ||= holding.name !== undefined;
          continue;
        }
        addOwner(candidate, owners, confirmed);
        holdings.push(holding);
        isHeld = true;
      }
      if (isHeld) candidate.holders.set(socketKey(socket), { holdings, complete: search.isComplete(socket) });
      else unheld.push(socket);
      if (isHeld && isDoubtful) doubtful.push(socket);
    }
    candidate.owners = inOrder(owners);
    candidate.unheld = unheld;
    candidate.doubtful = doubtful;
  }
  return unreadable;
}

/**
 * Looks once more at the sockets of which the kernel named a holder, beside others, that /proc did not show: it has left, or
 * it is hidden beside a known service.
 */
export async function resolveDoubts(candidates: readonly Candidate[], search: OwnerSearch, reader: OwnerReader): Promise<void> {
  const { holders } = await search.find(candidates.flatMap(({ doubtful }) => doubtful));
  for (const candidate of candidates) {
    const owners = new Map(candidate.owners.map((owner) => [owner.pid, owner]));
    for (const { inode } of candidate.doubtful) {
      for (const holding of holders.get(inode ?? 0) ?? []) {
        const confirmed = reader.confirm(holding, inode ?? 0);
        if (confirmed !== null) addOwner(candidate, owners, confirmed);
      }
    }
    candidate.owners = inOrder(owners);
  }
}

function addOwner(candidate: Candidate, owners: Map<number, Owner>, { owner, isConcealed }: ConfirmedOwner): void {
  if (isConcealed) candidate.concealed.push(owner);
  // Of one process /proc may show a descriptor and hide another's thread: what is known of it is not given up for less.
  if (!isConcealed || !owners.has(owner.pid)) owners.set(owner.pid, owner);
}

function inOrder(owners: ReadonlyMap<number, Owner>): readonly Owner[] {
  return [...owners.values()].sort((a, b) => a.pid - b.pid);
}

/** What a source or the kernel itself says of a process; where there is a /proc, that tells more of it. */
function bareOwner(holder: NonNullable<SocketRecord['holder']>): Owner {
  return {
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
  };
}
