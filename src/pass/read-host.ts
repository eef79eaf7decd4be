import { gapsOf, listenersOf, SYSTEM_PATHS, takeInventory, type InventoryPaths } from '../inventory/take-inventory.ts';
import type { Gap, OwnerView, OwnerViewWish, SourceName } from '../model/coverage.ts';
import type { Listener } from '../model/listener.ts';
import type { EphemeralPorts, SocketSource } from '../model/socket.ts';
import { createNetlinkSource } from '../sources/netlink/source.ts';
import { createSocketLinkReader } from '../sources/procfs/socket-links.ts';
import { createProcfsSource } from '../sources/procfs/source.ts';
import { prepareKernelQuestion } from './ask-kernel.ts';
import { surveySockets } from './read-sockets.ts';

export interface HostPaths extends InventoryPaths {
  /** Where `ip netns` keeps its names. */
  readonly netns: string;
}

export const HOST_PATHS: HostPaths = { ...SYSTEM_PATHS, netns: '/run/netns' };

/** The same, with the descriptors of processes read by native calls, unless a source was asked for that makes none. */
export function withNativeCalls(paths: HostPaths, forced: SourceName | null): HostPaths {
  const readLinks = forced === null || forced === 'netlink' ? createSocketLinkReader() : null;
  return readLinks === null ? paths : { ...paths, readLinks };
}

/** With what a host is read. */
export interface HostChoice {
  /** The one source to use, or null for the best that exists here. */
  readonly source: SourceName | null;
  readonly owners: OwnerViewWish;
}

/** The listeners of a host, and what could not be seen of them. */
export interface HostReading {
  readonly source: SourceName;
  /** Absent where owners were looked for in more than one way, as the daemon's looks do. */
  readonly owners?: OwnerView;
  readonly listeners: readonly Listener[];
  readonly gaps: readonly Gap[];
  /** Of the namespace that this process is in. */
  readonly ephemeralPorts: EphemeralPorts | null;
}

/** The sources in the order in which they are tried. The portable one is loaded only where it is its turn. */
export function listSources(proc: string, netlink: () => SocketSource = () => createNetlinkSource(proc)): readonly SocketSource[] {
  const portable: SocketSource = {
    name: 'portable',
    dump: async (path) => (await import('../sources/portable/source.ts')).createPortableSource().dump(path),
  };
  return process.platform === 'linux' ? [netlink(), createProcfsSource(proc), portable] : [portable];
}

/**
 * Sources and inventory: reads the sockets of this network namespace and of every other one on the host, and names
 * their owners.
 * @throws PortreeveError
 */
export async function readHost({ source, owners }: HostChoice, paths: HostPaths = HOST_PATHS): Promise<HostReading> {
  const { scope, readings, gaps, secondLook } = await surveySockets(source, listSources(paths.proc), paths);
  // A source that makes no native calls is asked for where none are wanted.
  const kernel = prepareKernelQuestion(owners === 'auto' && scope.source.name !== 'netlink' ? 'proc' : owners, paths.proc);
  const { known } = await takeInventory(readings, { ...withNativeCalls(paths, source), ...(kernel.ask === undefined ? {} : { askKernel: kernel.ask }) }, secondLook);
  return { source: scope.source.name, owners: kernel.view(), listeners: listenersOf(known), gaps: [...gaps, ...gapsOf(known)], ephemeralPorts: readings[0]?.dump.ephemeralPorts ?? null };
}
