import { statSync } from 'node:fs';
import type { SocketDump, SocketSource } from '../../model/socket.ts';
import { insideNetworkNamespace } from '../../native/network-namespace.ts';
import { NETLINK_SOCK_DIAG, openNetlinkSocket, type NetlinkTransport } from '../../native/netlink-socket.ts';
import { readKernelServices } from './kernel-services.ts';
import { createNamespaceMemory, type NamespaceMemory } from './namespace-memory.ts';

/** The work itself is synchronous, for it may have to move this thread to another namespace and back. */
function within<T>(namespacePath: string | undefined, work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(namespacePath === undefined ? work() : insideNetworkNamespace(namespacePath, work));
  });
}

/**
 * The kernel's own answer over NETLINK_SOCK_DIAG (sock_diag(7)). Filters by state in the kernel, so that established
 * connections cost nothing. Other network namespaces are entered for the moment in which the socket is opened.
 */
export function createNetlinkSource(proc = '/proc'): SocketSource {
  return {
    name: 'netlink',
    dump: (namespacePath) => within(namespacePath, () => dumpOnce(createNamespaceMemory(proc), true)),
    kernelServices: (namespacePath) => within(namespacePath, () => readKernelServices(proc, namespacePath === undefined)),
  };
}

function dumpOnce(memory: NamespaceMemory, everything: boolean, isTcpSteady = false): SocketDump {
  const transport = openNetlinkSocket(NETLINK_SOCK_DIAG);
  try {
    return memory.dump(transport, everything, isTcpSteady);
  } finally {
    transport.close();
  }
}

/** What tells one namespace from another at the same path; null for the own one, NaN, which is like nothing, where it cannot be seen. */
function inodeOf(namespacePath: string | undefined): number | null {
  if (namespacePath === undefined) return null;
  try {
    return statSync(namespacePath).ino;
  } catch {
    return NaN;
  }
}

/** A source that is asked again and again. */
export interface WatchingSource extends SocketSource {
  /** The next dump of each namespace reads all of it anew; a namespace that nobody asked for since the last call is forgotten. */
  refresh(): void;
  close(): void;
}

/**
 * As `createNetlinkSource`, and a dump of a namespace in which nothing changed is the same object as the one before (see
 * `NamespaceMemory`). Keeps one netlink socket open in the own namespace. None in others: an open socket would keep a
 * namespace alive that everybody else has left.
 */
export function createWatchingNetlinkSource(proc = '/proc', open: () => NetlinkTransport = () => openNetlinkSocket(NETLINK_SOCK_DIAG)): WatchingSource {
  const memories = new Map<string | undefined, { readonly memory: NamespaceMemory; stale: boolean; inode: number | null }>();
  let transport: NetlinkTransport | null = null;

  const close = (): void => {
    transport?.close();
    transport = null;
  };
  const dumpHere = (memory: NamespaceMemory, everything: boolean, isTcpSteady: boolean): SocketDump => {
    const isKept = transport !== null;
    try {
      return memory.dump((transport ??= open()), everything, isTcpSteady);
    } catch (error) {
      close();
      if (!isKept) throw error;
      // The kept socket may have gone bad; a fault that lasts shows itself on a new one.
      return dumpHere(memory, everything, isTcpSteady);
    }
  };
  const remember = (namespacePath: string | undefined, isTcpSteady: boolean, dump: typeof dumpHere): SocketDump => {
    const known = memories.get(namespacePath) ?? { memory: createNamespaceMemory(proc), stale: true, inode: null };
    // The process of that path may have gone to another namespace, whose listeners opened long before.
    const inode = inodeOf(namespacePath);
    const read = dump(known.memory, known.stale, isTcpSteady && inode === known.inode);
    Object.assign(known, { stale: false, inode });
    memories.set(namespacePath, known);
    return read;
  };
  return {
    ...createNetlinkSource(proc),
    dump: (namespacePath, isTcpSteady = false) => within(namespacePath, () => remember(namespacePath, isTcpSteady, namespacePath === undefined ? dumpHere : dumpOnce)),
    dumpOwn: (isTcpSteady) => remember(undefined, isTcpSteady, dumpHere),
    refresh() {
      for (const [path, known] of memories) {
        if (known.stale) memories.delete(path);
        known.stale = true;
      }
    },
    close,
  };
}
