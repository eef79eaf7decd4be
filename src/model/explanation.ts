import type { AuditedListener } from './audit.ts';
import type { Coverage } from './coverage.ts';
import type { AssignmentStatus, PortFacts, PortRange, Transport } from './registry.ts';

/** A run of neighbouring ports of one status on one transport; both ends belong to it. */
export interface PortBlock {
  readonly from: number;
  readonly to: number;
  readonly status: AssignmentStatus;
}

/** The nearest assigned port on one side. */
export interface AssignedNeighbour {
  readonly port: number;
  readonly service: string | null;
}

/** What the registry says of one port on one transport, and what stands around it. */
export interface TransportExplanation {
  readonly transport: Transport;
  readonly facts: PortFacts;
  /** The run of this status that the port lies in. */
  readonly block: PortBlock;
  readonly below: AssignedNeighbour | null;
  readonly above: AssignedNeighbour | null;
}

/** `portreeve/explain/v1`: everything that `portreeve explain PORT[/PROTO]` knows. Keys are only ever added. */
export interface Explanation {
  readonly schema: 'portreeve/explain/v1';
  readonly port: number;
  readonly range: PortRange;
  readonly registry: { readonly source: string; readonly updated: string };
  /** One per transport asked for, in the registry's order. */
  readonly transports: readonly TransportExplanation[];
  readonly host: {
    readonly name: string;
    /** The port lies in the host's ephemeral range; null where the host does not say. */
    readonly ephemeral: boolean | null;
    /** The port is in ip_local_reserved_ports, so that the kernel never hands it to a client. */
    readonly reserved: boolean | null;
    /** First and last port of the ephemeral range. */
    readonly ephemeralRange: readonly [number, number] | null;
  };
  /** Who listens on the port here now, on the transports asked for. */
  readonly listeners: readonly AuditedListener[];
  /** What the scan behind `listeners` could not see; null where no scan could be made at all. */
  readonly coverage: Coverage | null;
}
