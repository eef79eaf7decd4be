import type { Owner } from '../model/listener.ts';
import type { SocketRecord } from '../model/socket.ts';
import type { Candidate } from './candidate.ts';
import { stillHolds, type HolderSearch, type Holding } from './holders.ts';
import { readProgram, socketKey } from './known.ts';
import { createPause } from './pause.ts';
import type { ProcessReader } from './process.ts';

/** One way of looking for holders. */
export interface OwnerSearch {
  find(wanted: readonly SocketRecord[]): Promise<HolderSearch>;
  /** Whether what it found is all there is: no other process holds the socket. */
  isComplete(socket: SocketRecord): boolean;
}

/** Reads processes, each once however many sockets it holds. */
export interface OwnerReader {
  /** The process that holds the socket; null where the descriptor no longer leads there. */
  confirm(holding: Holding, inode: number): Owner | null;
  /** The process that a source has named. */
  fromSource(holder: NonNullable<SocketRecord['holder']>): Owner;
  /** Of those that were confirmed, the text of the link `exe`. */
  readonly programs: ReadonlyMap<number, string | null>;
}

/**
 * Each holder is looked at again after it was read: if the descriptor no longer leads to the socket then the process has
 * closed it or has left, and its pid may be another's.
 */
export function createOwnerReader(proc: string, reader: ProcessReader): OwnerReader {
  const read = new Map<number, { readonly program: string | null; readonly owner: Owner } | null>();
  const programs = new Map<number, string | null>();
  const readOnce = (pid: number) => {
    let found = read.get(pid);
    if (found === undefined) {
      // First the program's name by itself: should the process run another one from here on, the next look tells.
      const program = readProgram(proc, pid);
      const owner = reader.readOwner(pid)?.owner;
      read.set(pid, (found = owner === undefined ? null : { program, owner }));
    }
    return found;
  };
  return {
    programs,
    confirm(holding, inode) {
      const found = readOnce(holding.pid);
      if (found === null || !stillHolds(holding, inode)) return null;
      programs.set(holding.pid, found.program);
      return found.owner;
    },
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
    for (const socket of candidate.unheld) {
      const inode = socket.inode ?? 0;
      const holdings: Holding[] = [];
      let isHeld = false;
      if (socket.holder !== null) {
        const owner = reader.fromSource(socket.holder);
        owners.set(owner.pid, owner);
        isHeld = true;
      }
      for (const holding of socket.holder === null ? holders.get(inode) ?? [] : []) {
        const owner = reader.confirm(holding, inode);
        if (owner === null) continue;
        owners.set(owner.pid, owner);
        holdings.push(holding);
        isHeld = true;
      }
      if (isHeld) candidate.holders.set(socketKey(socket), { holdings, complete: search.isComplete(socket) });
      else unheld.push(socket);
    }
    candidate.owners = [...owners.values()].sort((a, b) => a.pid - b.pid);
    candidate.unheld = unheld;
  }
  return unreadable;
}

/** The portable source names a process itself; where there is a /proc, that tells more of it. */
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
