import type { Gap, SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Listener } from '../model/listener.ts';
import type { EphemeralPorts, SocketSource } from '../model/socket.ts';
import type { NamespaceSockets } from '../inventory/fold.ts';
import { leadsTo, surveyNamespaces, type OtherNamespace } from '../inventory/namespaces.ts';
import { SYSTEM_PATHS, takeInventory, type InventoryPaths, type SecondLook } from '../inventory/take-inventory.ts';
import { readSockets } from '../sources/choose.ts';
import { createNetlinkSource } from '../sources/netlink/source.ts';
import { createProcfsSource } from '../sources/procfs/source.ts';

export interface HostPaths extends InventoryPaths {
  /** Where `ip netns` keeps its names. */
  readonly netns: string;
}

export const HOST_PATHS: HostPaths = { ...SYSTEM_PATHS, netns: '/run/netns' };

/** The listeners of a host, and what could not be seen of them. */
export interface HostReading {
  readonly source: SourceName;
  readonly listeners: readonly Listener[];
  readonly gaps: readonly Gap[];
  /** Of the namespace that this process is in. */
  readonly ephemeralPorts: EphemeralPorts | null;
}

/** The sources in the order in which they are tried. The portable one is loaded only where it is its turn. */
function listSources(proc: string): readonly SocketSource[] {
  const portable: SocketSource = {
    name: 'portable',
    dump: async (path) => (await import('../sources/portable/source.ts')).createPortableSource().dump(path),
  };
  return process.platform === 'linux' ? [createNetlinkSource(proc), createProcfsSource(proc), portable] : [portable];
}

/**
 * Sources and inventory: reads the sockets of this network namespace and of every other one on the host, and names
 * their owners.
 * @param forced the one source to use
 * @throws PortreeveError
 */
export async function readHost(forced: SourceName | null, paths: HostPaths = HOST_PATHS): Promise<HostReading> {
  const sources = listSources(paths.proc);
  if (forced !== null && !sources.some((source) => source.name === forced)) {
    throw new PortreeveError('source-unsupported', `the source ${forced} does not exist on ${process.platform}`, { hint: 'leave --source out, or use --source portable' });
  }
  const { source, dump } = await readSockets(sources, forced);
  const gaps: Gap[] = [...dump.gaps];
  const readings: NamespaceSockets[] = [];
  const readers = new Map<NamespaceSockets, SocketSource>();
  if (source.name === 'portable') {
    readings.push({ namespace: { inode: null, name: 'host' }, dump });
  } else {
    const survey = surveyNamespaces(paths.proc, paths.netns);
    readings.push({ namespace: survey.own, dump });
    const skipped: string[] = [];
    for (const other of survey.others) {
      const read = await readOther(other, forced === null ? [source, ...sources.filter(({ name }) => name === 'procfs' && name !== source.name)] : [source]);
      if (read.kind === 'closed') skipped.push(read.reason);
      if (read.kind !== 'read') continue;
      readings.push(read.sockets);
      readers.set(read.sockets, read.source);
      gaps.push(...read.sockets.dump.gaps.map((gap) => ({ ...gap, detail: `network namespace ${other.namespace.name ?? other.namespace.inode}: ${gap.detail}` })));
    }
    if (skipped.length + survey.unreadable > 0) gaps.push(describeSkipped(skipped, survey.unreadable));
  }
  const inventory = await takeInventory(readings, paths, secondLookOf((sockets) => readers.get(sockets) ?? source));
  return { source: source.name, listeners: inventory.listeners, gaps: [...gaps, ...inventory.gaps], ephemeralPorts: dump.ephemeralPorts ?? null };
}

/** How the reading of another namespace went: it may have ended with its last process, which is no gap. */
type OtherReading =
  | { readonly kind: 'read'; readonly source: SocketSource; readonly sockets: NamespaceSockets }
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'ended' };

/** Another namespace may be closed to netlink (no CAP_SYS_ADMIN) and still readable through /proc/<pid>/net. */
async function readOther({ namespace, path, spare }: OtherNamespace, sources: readonly SocketSource[]): Promise<OtherReading> {
  let reason: string | null = null;
  for (const way of [path, ...spare]) {
    for (const source of sources) {
      try {
        const dump = await source.dump(way);
        // Asked afterwards: had the pid become another's before, these would be another namespace's sockets.
        if (!leadsTo(way, namespace)) break;
        return { kind: 'read', source, sockets: { namespace, path: way, dump } };
      } catch (error) {
        if (!(error instanceof PortreeveError)) throw error;
        if (!leadsTo(way, namespace)) break;
        reason = error.message;
      }
    }
  }
  return reason === null ? { kind: 'ended' } : { kind: 'closed', reason };
}

function describeSkipped(reasons: readonly string[], unreadable: number): Gap {
  const parts = [
    ...(unreadable > 0 ? ['processes whose network namespace this user may not see (containers among them)'] : []),
    ...(reasons[0] === undefined ? [] : [`network namespaces that could not be read: ${reasons[0]}`]),
  ];
  return { code: 'namespaces-skipped', detail: `${parts.join('; ')}; ${process.geteuid?.() === 0 ? 'even root may not here' : 'run as root'}`, count: reasons.length + unreadable, hides: 'listeners' };
}

/** A namespace that has ended has no sockets any more; one that cannot be read again is taken to be as it was. */
function secondLookOf(readerOf: (sockets: NamespaceSockets) => SocketSource): SecondLook {
  return {
    async readAgain(sockets) {
      try {
        return (await readerOf(sockets).dump(sockets.path)).sockets;
      } catch (error) {
        if (!(error instanceof PortreeveError)) throw error;
        return sockets.path === undefined || leadsTo(sockets.path, sockets.namespace) ? sockets.dump.sockets : [];
      }
    },
    async kernelServices(sockets) {
      try {
        return (await readerOf(sockets).kernelServices?.(sockets.path)) ?? [];
      } catch (error) {
        if (!(error instanceof PortreeveError)) throw error;
        return [];
      }
    },
  };
}
