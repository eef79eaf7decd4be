import type { NamespaceSockets } from '../inventory/fold.ts';
import type { SecondLook } from '../inventory/name-reasons.ts';
import { leadsTo, surveyNamespaces, type NamespaceSurvey, type OtherNamespace } from '../inventory/namespaces.ts';
import type { Gap, SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { NetworkNamespace, SocketDump, SocketSource } from '../model/socket.ts';
import { readSockets } from '../sources/choose.ts';

/** What is read on a host, and with what. */
export interface HostScope {
  readonly source: SocketSource;
  /** For namespaces besides the own one, in the order in which they are tried. */
  readonly sourcesForOthers: readonly SocketSource[];
  /** Null where the source knows no namespaces. */
  readonly survey: NamespaceSurvey | null;
  /** Why better sources were passed over. */
  readonly passedOver: readonly Gap[];
}

/** The sockets of all network namespaces of a host. */
export interface HostSockets {
  readonly scope: HostScope;
  /** The own namespace first. */
  readonly readings: readonly NamespaceSockets[];
  /** Inodes of the namespaces that could not be read. */
  readonly closed: readonly (number | null)[];
  readonly gaps: readonly Gap[];
  readonly secondLook: SecondLook;
}

/**
 * Chooses a source, finds the namespaces, and reads the sockets of each.
 * @param forced the one source to use
 * @param before the namespaces as they were called before this
 * @throws PortreeveError
 */
export async function surveySockets(forced: SourceName | null, sources: readonly SocketSource[], { proc, netns }: { readonly proc: string; readonly netns: string }, before: readonly NetworkNamespace[] = []): Promise<HostSockets> {
  if (forced !== null && !sources.some((source) => source.name === forced)) {
    throw new PortreeveError('source-unsupported', `the source ${forced} does not exist on ${process.platform}`, { hint: 'leave --source out, or use --source portable' });
  }
  const { source, dump } = await readSockets(sources, forced);
  const scope: HostScope = {
    source,
    sourcesForOthers: forced === null ? [source, ...sources.filter(({ name }) => name === 'procfs' && name !== source.name)] : [source],
    survey: source.name === 'portable' ? null : surveyNamespaces(proc, netns, before),
    passedOver: dump.gaps.filter(({ code }) => code === 'source-fallback'),
  };
  // The same object where it can be: by that it is known again.
  return readScope(scope, scope.passedOver.length === 0 ? dump : { ...dump, gaps: dump.gaps.filter(({ code }) => code !== 'source-fallback') });
}

/**
 * Reads the sockets of namespaces that are known.
 * @param own the sockets of the own namespace, where they have been read already
 * @param isTcpSteady see `SocketSource.dump`
 * @throws PortreeveError where the own namespace cannot be read
 */
export async function readScope(scope: HostScope, own: SocketDump | null = null, isTcpSteady = false): Promise<HostSockets> {
  const { source, sourcesForOthers, survey, passedOver } = scope;
  const dump = own ?? (await source.dump(undefined, isTcpSteady));
  const gaps: Gap[] = [...passedOver, ...dump.gaps];
  const readings: NamespaceSockets[] = [{ namespace: survey?.own ?? { inode: null, name: 'host' }, dump }];
  const readers = new Map<NamespaceSockets, SocketSource>();
  const closed: (number | null)[] = [];
  const reasons: string[] = [];
  for (const other of survey?.others ?? []) {
    const read = await readOther(other, sourcesForOthers, isTcpSteady);
    if (read.kind === 'closed') {
      closed.push(other.namespace.inode);
      reasons.push(read.reason);
    }
    // Where /proc does not show us, our own namespace is not known among those of the processes that it shows.
    if (read.kind !== 'read' || (survey?.own.inode === null && sharesSocket(dump, read.sockets.dump))) continue;
    readings.push(read.sockets);
    readers.set(read.sockets, read.source);
    gaps.push(...read.sockets.dump.gaps.map((gap) => ({ ...gap, detail: `network namespace ${other.namespace.name ?? other.namespace.inode}: ${gap.detail}` })));
  }
  const unreadable = survey?.unreadable ?? 0;
  if (reasons.length + unreadable > 0) gaps.push(describeSkipped(reasons, unreadable));
  return { scope, readings, closed, gaps, secondLook: secondLookOf((sockets) => readers.get(sockets) ?? source) };
}

/** Whether two dumps are of one namespace: the inode of a socket is no other's on the host. */
function sharesSocket(one: SocketDump, other: SocketDump): boolean {
  const inodes = new Set(one.sockets.map(({ inode }) => inode).filter((inode) => inode !== null && inode !== 0));
  return other.sockets.some(({ inode }) => inodes.has(inode));
}

/** How the reading of another namespace went: it may have ended with its last process, which is no gap. */
type OtherReading =
  | { readonly kind: 'read'; readonly source: SocketSource; readonly sockets: NamespaceSockets }
  | { readonly kind: 'closed'; readonly reason: string }
  | { readonly kind: 'ended' };

/** Another namespace may be closed to netlink (no CAP_SYS_ADMIN) and still readable through /proc/<pid>/net. */
async function readOther({ namespace, path, spare }: OtherNamespace, sources: readonly SocketSource[], isTcpSteady: boolean): Promise<OtherReading> {
  let reason: string | null = null;
  for (const way of [path, ...spare]) {
    for (const source of sources) {
      try {
        const dump = await source.dump(way, isTcpSteady);
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
