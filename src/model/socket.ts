import type { Gap, SourceName } from './coverage.ts';

/** `raw` has an IP protocol number and no port. */
export const PROTOCOLS = ['tcp', 'udp', 'udplite', 'sctp', 'dccp', 'raw'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export type Family = 'ipv4' | 'ipv6';

/** A network namespace: the inode of its nsfs file, and a name where it has one (`host`, or as in `ip netns`). */
export interface NetworkNamespace {
  readonly inode: number | null;
  readonly name: string | null;
}

/**
 * One socket that can receive what no one on this host asked for, as a source reported it: TCP, SCTP or DCCP in LISTEN,
 * UDP or UDP-Lite bound and not connected, a raw socket. Null: this source cannot tell.
 */
export interface SocketRecord {
  readonly protocol: Protocol;
  readonly family: Family;
  /** Canonical text: dotted quad, or RFC 5952; no brackets, no zone. */
  readonly address: string;
  /** 0-65535. For a raw socket: its IP protocol number (0-255). */
  readonly port: number;
  /** Index of the interface that the socket is bound to (SO_BINDTODEVICE, or a link-local scope), 0 for none. */
  readonly interfaceIndex: number;
  /** The socket's inode, as in `/proc/<pid>/fd`: `socket:[inode]`. 0: no file descriptor anywhere holds it. */
  readonly inode: number | null;
  /** Effective uid of who created the socket (fchown can change it). */
  readonly uid: number | null;
  /** The kernel's 64-bit socket cookie: unique until reboot. */
  readonly cookie: bigint | null;
  /** IPV6_V6ONLY; null for IPv4 and where the source cannot tell. */
  readonly v6only: boolean | null;
  /** Id (inode) of the cgroup v2 directory in which the socket was created. */
  readonly cgroupId: bigint | null;
  /** Owner as told by a source that knows it without reading /proc (the portable one). */
  readonly holder: { readonly pid: number; readonly name: string | null } | null;
}

/** Whether two records tell the same of one socket. */
export function isSameSocket(one: SocketRecord, other: SocketRecord): boolean {
  return (
    one === other ||
    (one.cookie === other.cookie &&
      one.inode === other.inode &&
      one.port === other.port &&
      one.address === other.address &&
      one.protocol === other.protocol &&
      one.family === other.family &&
      one.interfaceIndex === other.interfaceIndex &&
      one.uid === other.uid &&
      one.v6only === other.v6only &&
      one.cgroupId === other.cgroupId &&
      one.holder?.pid === other.holder?.pid)
  );
}

/** Where this network namespace takes the ports of outgoing connections from; both ends inclusive. */
export interface EphemeralPorts {
  readonly range: readonly [number, number];
  /** ip_local_reserved_ports: taken out of that range. */
  readonly reserved: readonly (readonly [number, number])[];
}

/** What one reading of one namespace's tables gave. */
export interface SocketDump {
  readonly sockets: readonly SocketRecord[];
  readonly gaps: readonly Gap[];
  /** Names of the interfaces that sockets are bound to, by index. */
  readonly interfaces?: ReadonlyMap<number, string>;
  /** Absent where the system does not say. */
  readonly ephemeralPorts?: EphemeralPorts;
}

/** A port that the kernel itself serves, and how that is known. */
export interface KernelService {
  readonly protocol: Protocol;
  readonly port: number;
  /** `vxlan`, `wireguard`, `nfsd` ... */
  readonly service: string;
  /** One sentence: what says so. */
  readonly evidence: string;
}

/** A view of the socket tables. Every source passes the same conformance suite. */
export interface SocketSource {
  readonly name: SourceName;
  /**
   * Reads the tables of one network namespace. `namespacePath` is a file that stands for it (`/proc/<pid>/ns/net`,
   * `/run/netns/NAME`); absent: the namespace that this process is in.
   * @param isTcpSteady the caller knows that no TCP socket began or ceased to listen since the dump before: a source that
   *   remembers may tell of those what it told then
   * @throws PortreeveError `source-unsupported` where this view does not exist on this system
   */
  dump(namespacePath?: string, isTcpSteady?: boolean): Promise<SocketDump>;
  /** As `dump`, of the namespace that this process is in, without a promise; by a source that gives the same object again where nothing changed. */
  dumpOwn?(isTcpSteady: boolean): SocketDump;
  /** Ports that the kernel itself serves in that namespace; asked only where a socket has no process. */
  kernelServices?(namespacePath?: string): Promise<readonly KernelService[]>;
}
