/** The views of the kernel's socket tables that portreeve has. */
export const SOURCE_NAMES = ['netlink', 'procfs', 'portable'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** How the processes that hold sockets are found: by reading /proc, or by a BPF program that the kernel runs. */
export const OWNER_VIEWS = ['proc', 'bpf'] as const;
export type OwnerView = (typeof OWNER_VIEWS)[number];
/** `auto`: by BPF where it can be had and is quicker. */
export const OWNER_VIEW_WISHES = ['auto', ...OWNER_VIEWS] as const;
export type OwnerViewWish = (typeof OWNER_VIEW_WISHES)[number];

/**
 * Everything that one scan may have been unable to see. A code is stable (scripts match on it); the detail is for people.
 * Codes are added, never reused.
 */
export const GAP_CODES = [
  'source-fallback', // a better source is not available here, so this one was used
  'protocol-unavailable', // a protocol's table could not be read, though the kernel has the protocol
  'dump-interrupted', // the kernel's table changed under every attempt to read it whole
  'dump-truncated', // a message was larger than the receive buffer
  'rows-unreadable', // rows of a table that could not be understood
  'udp-unseen', // the source has no UDP sockets on this system
  'details-unavailable', // the source cannot tell some attribute (v6only, uid, inode)
  'processes-unreadable', // processes whose descriptors may not be read by this user
  'processes-hidden', // /proc is mounted with hidepid: other users' processes are invisible
  'pid-namespace', // run inside a PID namespace: processes outside it are invisible
  'files-unasked', // files of processes on file systems that may never answer (NFS, FUSE ...) were not looked at
  'proc-misplaced', // /proc shows no process, or those of another PID namespace than this process is in
  'owners-unknown', // listeners whose owner could not be named
  'namespaces-skipped', // other network namespaces exist and were not scanned
] as const;
export type GapCode = (typeof GAP_CODES)[number];

export interface Gap {
  readonly code: GapCode;
  /** One sentence for a person: what could not be seen, and what to do about it. */
  readonly detail: string;
  /** How many things are concerned (processes, rows, namespaces ...). */
  readonly count: number;
  /**
   * What the gap may hide: `listeners` (one could be missing), `owners` (one could be unnamed), or `details` (an
   * attribute is missing, nothing is hidden). Only the first two make a scan incomplete.
   */
  readonly hides: 'listeners' | 'owners' | 'details';
}

export interface Coverage {
  readonly source: SourceName;
  /** Absent: nobody says. */
  readonly owners?: OwnerView;
  /** False where a gap may hide a listener or an owner: then the absence of findings does not mean "clean". */
  readonly complete: boolean;
  readonly gaps: readonly Gap[];
}

export function coverageOf(source: SourceName, gaps: readonly Gap[], owners?: OwnerView): Coverage {
  return { source, ...(owners === undefined ? {} : { owners }), complete: gaps.every((gap) => gap.hides === 'details'), gaps };
}
