import { bindScope } from '../model/ip-address.ts';
import type { BindScope } from '../model/listener.ts';
import type { EphemeralPorts, NetworkNamespace, SocketDump, SocketRecord } from '../model/socket.ts';

/** The sockets of one namespace as they were read. */
export interface NamespaceSockets {
  readonly namespace: NetworkNamespace;
  /** File that stands for the namespace; absent for the own one. */
  readonly path?: string;
  readonly dump: SocketDump;
}

/** Sockets that are one listener: same namespace, protocol, address, port and interface (SO_REUSEPORT siblings). */
export interface SocketGroup {
  /** What its sockets have in common. */
  readonly key: string;
  readonly first: SocketRecord;
  readonly sockets: readonly SocketRecord[];
  readonly interface: string | null;
  readonly dualStack: boolean;
  readonly scope: BindScope;
  readonly ephemeral: boolean | null;
}

/** Folds the sockets of one namespace, in the order in which each listener was first seen. */
export function foldSockets({ dump }: NamespaceSockets): readonly SocketGroup[] {
  const ipv4Wildcards = new Set<string>();
  for (const { protocol, address, port } of dump.sockets) {
    if (address === '0.0.0.0') ipv4Wildcards.add(`${protocol}/${port}`);
  }
  const groups = new Map<string, SocketRecord[]>();
  for (const socket of dump.sockets) {
    const key = `${socket.protocol}/${socket.family}/${socket.address}/${socket.port}/${socket.interfaceIndex}/${coversIpv4(socket, ipv4Wildcards)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [socket]);
    else group.push(socket);
  }
  return [...groups].flatMap(([key, sockets]) => {
    const [first] = sockets;
    if (first === undefined) return [];
    const boundTo = first.interfaceIndex === 0 ? null : dump.interfaces?.get(first.interfaceIndex) ?? `if${first.interfaceIndex}`;
    const scope = bindScope(first.address);
    return {
      key,
      first,
      sockets,
      interface: boundTo,
      dualStack: coversIpv4(first, ipv4Wildcards),
      // A wildcard that is bound to the loopback interface receives from nowhere else (SO_BINDTODEVICE, socket(7)).
      scope: boundTo === 'lo' ? 'loopback' : scope,
      ephemeral: first.protocol === 'raw' ? null : isEphemeral(first.port, dump.ephemeralPorts),
    };
  });
}

/**
 * An IPv6 wildcard takes IPv4 too unless IPV6_V6ONLY is set (ipv6(7)). Where the source cannot tell, an IPv4 wildcard
 * listener on the same port speaks for "v6 only", since both could not have been bound otherwise. Raw sockets of IPv6
 * never take IPv4.
 */
function coversIpv4({ family, address, protocol, port, v6only }: SocketRecord, ipv4Wildcards: ReadonlySet<string>): boolean {
  if (family !== 'ipv6' || address !== '::' || protocol === 'raw') return false;
  return v6only === null ? !ipv4Wildcards.has(`${protocol}/${port}`) : !v6only;
}

export function isEphemeral(port: number, ports: EphemeralPorts | undefined): boolean | null {
  if (ports === undefined) return null;
  const [low, high] = ports.range;
  return port >= low && port <= high && !ports.reserved.some(([from, to]) => port >= from && port <= to);
}
