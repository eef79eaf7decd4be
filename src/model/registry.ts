/** The transports that have a port registry (RFC 6335, section 3). */
export const TRANSPORTS = ['tcp', 'udp', 'sctp', 'dccp'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** What IANA says of a port on a transport; 49152-65535 is `dynamic` and never assigned (RFC 6335, section 6). */
export const ASSIGNMENT_STATUSES = ['assigned', 'unassigned', 'reserved', 'de-assigned', 'dynamic'] as const;
export type AssignmentStatus = (typeof ASSIGNMENT_STATUSES)[number];

/** The three ranges of RFC 6335, section 6: 0-1023, 1024-49151, 49152-65535. */
export const PORT_RANGES = ['system', 'user', 'dynamic'] as const;
export type PortRange = (typeof PORT_RANGES)[number];

/** What a registry knows of one port on one transport. A fact that the data does not carry is null, never guessed. */
export interface PortFacts {
  readonly status: AssignmentStatus;
  readonly range: PortRange;
  /** The service name that an administrator expects (80/tcp is `http`), or null where the port has no named service. */
  readonly service: string | null;
  /** The other names registered for the same port, in the registry's order. */
  readonly aliases: readonly string[];
  /**
   * YYYY-MM-DD, or YYYY-MM where the registry has only the month. For `assigned`: the registration date. For
   * `de-assigned` and `reserved`: the day on which the registry says it became so (its modification date).
   */
  readonly since: string | null;
  /** The service name a port carried before it lost its assignment, from older official files. */
  readonly former: string | null;
}

/** A loaded registry. Look-ups are total: every port 0-65535 on every transport has facts. */
export interface PortRegistry {
  /** Where it comes from: `embedded`, or the path of the CSV. */
  readonly source: string;
  /** The newest date found in the data, YYYY-MM-DD: the snapshot's date. */
  readonly updated: string;
  lookup(port: number, transport: Transport): PortFacts;
  /** What IANA was told of unauthorised use of a port, in the registry's own words, or null. Absent: the data has no such column. */
  unauthorizedUse?(port: number, transport: Transport): string | null;
}
