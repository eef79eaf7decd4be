import type { Family, NetworkNamespace, Protocol } from './socket.ts';

/** What the bind address admits. */
export const BIND_SCOPES = ['loopback', 'link-local', 'private', 'public', 'multicast', 'wildcard'] as const;
export type BindScope = (typeof BIND_SCOPES)[number];

export const OWNER_KINDS = ['process', 'kernel', 'unknown'] as const;
export type OwnerKind = (typeof OWNER_KINDS)[number];

/** Why a listener has no named owner, or none of which all is known. */
export const UNKNOWN_REASONS = [
  'no-privilege', // some processes may not be looked into by this user
  'process-left', // the socket closed while the scan ran
  'outside-pid-namespace', // every visible process was read; the holder may live outside this PID namespace
  'no-holder', // every process of the host was read and none holds it: an unlisted kernel service, io_uring, or hiding
  'concealed', // the kernel says which process holds it, and /proc does not show that process: its pid and name are known, no more
  'source-limit', // the source does not connect sockets to processes here
  'not-searched', // a listener that came since the daemon's last sweep, and not every process was looked into yet
] as const;
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

/** A process that holds a listener's socket. Null: could not be read. Every text here was chosen by a process. */
export interface Owner {
  readonly pid: number;
  /** The kernel's name of the process (at most 15 bytes; a process can change its own). */
  readonly name: string;
  /** Path of the executable as the kernel has it, without " (deleted)"; a memfd reads `/memfd:NAME`. */
  readonly exe: string | null;
  /** The file that runs is no longer at that path. */
  readonly exeDeleted: boolean | null;
  /** Deleted, and another file stands at that path now: what a package upgrade leaves behind. */
  readonly exeReplaced: boolean | null;
  /**
   * The process is in a user namespace of its own, where any user can mount what he likes, and the file that runs is not
   * the one at that path on this host (or was deleted). Outside of a container it may be hiding behind a trusted path.
   */
  readonly exeForeign: boolean | null;
  /** Its own claim: a process can rewrite it. */
  readonly commandLine: readonly string[] | null;
  /**
   * Path of the script that a known interpreter runs, absolute; null where there is none. From the command line, and so
   * the process's own claim: evidence for a rule, never for an exception.
   */
  readonly script: string | null;
  /** Effective uid. */
  readonly uid: number | null;
  /** Name of that uid in /etc/passwd; null where there is none, or for a container's own users. */
  readonly user: string | null;
  /** Unit of this host's systemd, from the cgroup: `ssh.service`, `user@1000.service`, `session-3.scope`. */
  readonly unit: string | null;
  /** Unit of another manager below that one, a user's or a container's, which can call its units what it likes. */
  readonly innerUnit: string | null;
  /** Container id or name, from the part of the cgroup that only root makes. */
  readonly container: string | null;
  /** ISO 8601. */
  readonly startedAt: string | null;
  /**
   * Package that the executable's path belongs to; null where the host's package database has none. Absent: nobody
   * asked (it costs a walk through that database), or it cannot tell.
   */
  readonly exePackage?: string | null;
}

/** A systemd `.socket` unit that holds a listener, and the service that it starts. */
export interface Activation {
  readonly unit: string;
  readonly service: string | null;
}

/** A listener: sockets of one address and port folded (SO_REUSEPORT), with all their owners. */
export interface Listener {
  /** Identity across restarts: namespace, protocol, address, port, executable, unit. No pid, no inode. */
  readonly id: string;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly address: string;
  /** Null for a raw socket. */
  readonly port: number | null;
  /** IP protocol number of a raw socket, else null. */
  readonly ipProtocol: number | null;
  readonly scope: BindScope;
  /** Interface that the socket is bound to, or null. */
  readonly interface: string | null;
  /** An IPv6 wildcard that takes IPv4 too. */
  readonly dualStack: boolean;
  /** How many sockets are folded here. */
  readonly sockets: number;
  readonly netns: NetworkNamespace;
  /** Port is in this host's ephemeral range and not in ip_local_reserved_ports; null where the host does not say. */
  readonly ephemeral: boolean | null;
  /** Uid and name of who created the socket, known even where the owner is not. */
  readonly socketUid: number | null;
  readonly socketUser: string | null;
  readonly ownerKind: OwnerKind;
  /**
   * For `kernel`: which service and how it is known. For `unknown`: the reason. For `process`: null, or the reason why
   * one of several sockets that share the port has no owner beside those that are named, or why of an owner no more than its
   * pid and name is known (`concealed`).
   */
  readonly ownerNote: { readonly code: 'kernel' | UnknownReason; readonly detail: string } | null;
  /** By pid. Empty unless `ownerKind` is `process`. */
  readonly owners: readonly Owner[];
  readonly activation: Activation | null;
  /**
   * False: the daemon found the owners in the processes that were likeliest, and others may hold the socket too; its next
   * sweep asks all. Absent: every process was asked.
   */
  readonly ownersComplete?: false;
  /** Whether anyone is connected to it now. Null or absent: nobody looked. */
  readonly peers?: boolean | null;
}
