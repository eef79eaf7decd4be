import { explainUnknownPackages, namePackages } from '../inventory/name-packages.ts';
import { surveyNamespaces } from '../inventory/namespaces.ts';
import type { Gap, SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Listener } from '../model/listener.ts';
import { nameLocalEnd, type ConnectedProtocol, type LocalEnds } from '../model/peers.ts';
import type { Policy } from '../model/policy.ts';
import type { Family } from '../model/socket.ts';
import { readNetlinkLocalEnds } from '../sources/netlink/peers.ts';
import { readProcfsLocalEnds } from '../sources/procfs/peers.ts';
import { unmapAddress } from '../sources/tally-peers.ts';
import { HOST_PATHS } from './read-host.ts';

/**
 * The listeners with the facts that only some policies ask for, and that cost something to find out.
 * @param among all listeners of the host, where others than these may be the ones that a connection belongs to
 */
export function addPolicyFacts(listeners: readonly Listener[], policy: Policy, source: SourceName, among: readonly Listener[] = listeners): readonly Listener[] {
  const packaged = policy.fields.has('exePackage') ? namePackages(listeners) : listeners;
  return policy.fields.has('peers') && packaged.length > 0 ? addPeers(packaged, source, among) : packaged;
}

/** Of the fields that a policy asks for, those whose facts this host does not give, and why. */
export function explainUnknownFields(fields: ReadonlySet<string>, source: SourceName | null): ReadonlyMap<string, string> {
  const packages = fields.has('exePackage') ? explainUnknownPackages() : null;
  const isPortable = source === 'portable' || (source === null && process.platform !== 'linux');
  return new Map([
    ...(packages === null ? [] : [['exePackage', packages] as const]),
    ...(fields.has('peers') && isPortable ? [['peers', 'the portable source does not tell connections'] as const] : []),
  ]);
}

/** What a policy asks for in vain: its rules about that raise nothing, and its exceptions silence nothing. */
export function policyGaps({ fields }: Policy, source: SourceName): readonly Gap[] {
  return [...explainUnknownFields(fields, source)].map(([field, why]) => ({ code: 'details-unavailable', detail: `${field}, which the policy asks for, is unknown: ${why}`, count: 1, hides: 'details' }));
}

const CONNECTED_PROTOCOLS: readonly ConnectedProtocol[] = ['tcp', 'udp'];

/** Says of each listener over TCP or UDP whether anyone is connected to it. A UDP socket that serves seldom is, and has no peers. */
function addPeers(listeners: readonly Listener[], source: SourceName, among: readonly Listener[]): readonly Listener[] {
  const { own, others } = surveyNamespaces(HOST_PATHS.proc, HOST_PATHS.netns);
  const connected = new Map<number | null, (listener: Listener) => boolean | null>();
  for (const inode of new Set(listeners.map(({ netns }) => netns.inode))) {
    const members = listeners.filter(({ netns }) => netns.inode === inode);
    const path = others.find(({ namespace }) => namespace.inode === inode)?.path;
    const ends = inode !== own.inode && path === undefined ? null : readLocalEnds(members, source, path);
    connected.set(inode, ends === null ? () => null : indexLocalEnds(ends, among.filter(({ netns }) => netns.inode === inode)));
  }
  return listeners.map((listener) => ({ ...listener, peers: connected.get(listener.netns.inode)?.(listener) ?? null }));
}

function readLocalEnds(listeners: readonly Listener[], source: SourceName, path: string | undefined): LocalEnds | null {
  const ports = new Set(listeners.flatMap(({ port }) => port ?? []));
  const question = { ports: [Math.min(...ports), Math.max(...ports)] as const, protocols: CONNECTED_PROTOCOLS };
  if (source === 'portable' || ports.size === 0) return null;
  try {
    return source === 'netlink' ? readNetlinkLocalEnds(question, ports, path) : readProcfsLocalEnds(question, ports, HOST_PATHS.proc, path);
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return null;
  }
}

/** A connection is the listener's that is bound to its very address; else the wildcard's. An IPv4-mapped address is an IPv4 address. */
export function indexLocalEnds(ends: LocalEnds, listeners: readonly Listener[]): (listener: Listener) => boolean | null {
  const specific = new Set(listeners.flatMap((listener) => (isConnected(listener) && !isAny(unmapAddress(listener.address)) ? nameOf(listener) : [])));
  const byWildcard = new Set<string>();
  for (const end of ends) {
    if (specific.has(end)) continue;
    const [protocol = '', address = '', port = ''] = end.split(' ');
    byWildcard.add(`${protocol} ${familyOf(address)} ${port}`);
  }
  return (listener) => {
    if (!isConnected(listener)) return null;
    const { protocol, port, dualStack } = listener;
    const address = unmapAddress(listener.address);
    if (!isAny(address)) return ends.has(nameOf(listener));
    return byWildcard.has(`${protocol} ${familyOf(address)} ${port}`) || (dualStack && byWildcard.has(`${protocol} ipv4 ${port}`));
  };
}

type ConnectedListener = Listener & { readonly protocol: ConnectedProtocol; readonly port: number };

function isConnected(listener: Listener): listener is ConnectedListener {
  return listener.port !== null && (listener.protocol === 'tcp' || listener.protocol === 'udp');
}

function nameOf({ protocol, address, port }: ConnectedListener): string {
  return nameLocalEnd(protocol, unmapAddress(address), port);
}

function familyOf(address: string): Family {
  return address.includes(':') ? 'ipv6' : 'ipv4';
}

function isAny(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
