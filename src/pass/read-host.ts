import type { Gap, SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Listener } from '../model/listener.ts';
import type { EphemeralPorts, SocketDump, SocketSource } from '../model/socket.ts';
import type { NamespaceSockets } from '../inventory/fold.ts';
import { surveyNamespaces, type OtherNamespace } from '../inventory/namespaces.ts';
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
  if (source.name === 'portable') {
    readings.push({ namespace: { inode: null, name: 'host' }, dump });
  } else {
    const survey = surveyNamespaces(paths.proc, paths.netns);
    readings.push({ namespace: survey.own, dump });
    const skipped: string[] = [];
    for (const other of survey.others) {
      const read = await readOther(other, source, sources, forced);
      if (typeof read === 'string') skipped.push(read);
      else {
        readings.push({ ...other, dump: read });
        gaps.push(...read.gaps.map((gap) => ({ ...gap, detail: `network namespace ${other.namespace.name ?? other.namespace.inode}: ${gap.detail}` })));
      }
    }
    const hidden = skipped.length + survey.unreadable;
    if (hidden > 0) gaps.push(describeSkipped(skipped, survey.unreadable));
  }
  const inventory = await takeInventory(readings, paths, secondLookOf(source));
  return { source: source.name, listeners: inventory.listeners, gaps: [...gaps, ...inventory.gaps], ephemeralPorts: dump.ephemeralPorts ?? null };
}

/** Another namespace may be closed to netlink (no CAP_SYS_ADMIN) and still readable through /proc/<pid>/net. */
async function readOther(other: OtherNamespace, source: SocketSource, sources: readonly SocketSource[], forced: SourceName | null): Promise<SocketDump | string> {
  const candidates = forced === null ? [source, ...sources.filter(({ name }) => name === 'procfs' && name !== source.name)] : [source];
  let reason = '';
  for (const candidate of candidates) {
    try {
      return await candidate.dump(other.path);
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      reason = error.message;
    }
  }
  return reason;
}

function describeSkipped(reasons: readonly string[], unreadable: number): Gap {
  const parts = [
    ...(unreadable > 0 ? ['processes whose network namespace this user may not see (containers among them)'] : []),
    ...(reasons[0] === undefined ? [] : [`network namespaces that could not be read: ${reasons[0]}`]),
  ];
  return { code: 'namespaces-skipped', detail: `${parts.join('; ')}; run as root`, count: reasons.length + unreadable, hides: 'listeners' };
}

function secondLookOf(source: SocketSource): SecondLook {
  return {
    readAgain: async ({ path }) => (await source.dump(path)).sockets,
    kernelServices: async ({ path }) => (await source.kernelServices?.(path)) ?? [],
  };
}
