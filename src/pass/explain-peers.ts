import type { AuditedListener } from '../model/audit.ts';
import type { Gap } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { NamespacePeers } from '../model/explanation.ts';
import type { PeerQuestion, PeerReading } from '../model/peers.ts';
import { surveyNamespaces, type NamespaceSurvey } from '../inventory/namespaces.ts';
import { readNetlinkPeers } from '../sources/netlink/peers.ts';
import { readProcfsPeers } from '../sources/procfs/peers.ts';
import { HOST_PATHS, type HostReading } from './read-host.ts';

/** Peers by namespace, this one first; null where no source can tell. */
export interface HostPeers {
  readonly peers: readonly NamespacePeers[] | null;
  readonly gaps: readonly Gap[];
}

/**
 * Who is connected to local ports, in the own network namespace and in those of the listeners, from the source that
 * found the listeners.
 */
export function readHostPeers(reading: HostReading, question: PeerQuestion, listeners: readonly AuditedListener[]): HostPeers {
  if (reading.source === 'portable') return { peers: null, gaps: [] };
  if (question.protocols.length === 0) return { peers: [], gaps: [] };
  const peers: NamespacePeers[] = [];
  const gaps: Gap[] = [];
  const survey = surveyNamespaces(HOST_PATHS.proc, HOST_PATHS.netns);
  for (const { namespace, path } of namespacesOf(listeners, survey)) {
    try {
      const told = readPeers(reading, question, path);
      peers.push(...told.peers.map((each) => ({ netns: namespace, ...each })));
      gaps.push(...told.gaps);
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      gaps.push({ code: 'protocol-unavailable', detail: `connections in the network namespace ${namespace.name ?? namespace.inode}: ${error.message}`, count: 1, hides: 'details' });
    }
  }
  return { peers: peers.length === 0 ? null : peers, gaps };
}

function readPeers({ source }: HostReading, question: PeerQuestion, namespacePath?: string): PeerReading {
  return source === 'netlink' ? readNetlinkPeers(question, namespacePath) : readProcfsPeers(question, HOST_PATHS.proc, namespacePath);
}

/** How many connections of the own network namespace use these local ports; null where no source can tell. */
export function countConnections(reading: HostReading, question: PeerQuestion): number | null {
  if (reading.source === 'portable') return null;
  try {
    const { peers } = readPeers(reading, question);
    return peers.length < question.protocols.length ? null : peers.reduce((sum, { total }) => sum + total, 0);
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return null;
  }
}

function namespacesOf(listeners: readonly AuditedListener[], { own, others }: NamespaceSurvey): readonly { readonly namespace: NamespaceSurvey['own']; readonly path?: string }[] {
  const wanted = new Set(listeners.map(({ netns }) => netns.inode));
  return [{ namespace: own }, ...others.filter(({ namespace }) => wanted.has(namespace.inode))];
}
