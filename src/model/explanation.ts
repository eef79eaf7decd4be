import type { AuditedListener } from './audit.ts';
import type { Coverage } from './coverage.ts';
import type { ConnectedPeers } from './peers.ts';
import type { MatchExplanation } from './policy.ts';
import type { AssignmentStatus, PortFacts, PortRange, Transport } from './registry.ts';
import type { Severity } from './severity.ts';
import type { NetworkNamespace } from './socket.ts';

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
  /** What the registry was told of unauthorised use; null where it says nothing, or has no column for it (the embedded one). */
  readonly unauthorizedUse: string | null;
}

/** Where ports come from that this host hands to its clients. Null: the host does not say. */
export interface ExplainedHost {
  readonly name: string;
  /** As Node names it: `linux`, `darwin`, `win32` ... */
  readonly platform: string;
  /** The port lies in the host's ephemeral range; of several ports: any of them does. */
  readonly ephemeral: boolean | null;
  /** The port is in ip_local_reserved_ports, so that the kernel never hands it to a client; of several ports: all are. */
  readonly reserved: boolean | null;
  /** First and last port of the ephemeral range. */
  readonly ephemeralRange: readonly [number, number] | null;
}

/** Which of a port's names a service name is. */
export type NameKind = 'service' | 'alias' | 'former';

/** Who is connected in one network namespace. */
export interface NamespacePeers extends ConnectedPeers {
  readonly netns: NetworkNamespace;
}

/** One exception that names a rule which matched: whether it covers every owner, and if not the first condition that failed. */
export interface ExceptionDecision extends MatchExplanation {
  readonly exception: string;
}

/** One rule as it was tried on a listener. */
export interface RuleDecision extends MatchExplanation {
  readonly rule: string;
  readonly severity: Severity;
  /** The exceptions that name the rule, in the policy's order, up to the first that silences it. Empty where the rule does not match. */
  readonly exceptions: readonly ExceptionDecision[];
}

/** Every rule in force, in the policy's order, as it was tried on one listener. */
export interface ListenerDecisions {
  /** Identity of the listener. */
  readonly listener: string;
  readonly rules: readonly RuleDecision[];
}

/** What every form of explanation says of the data that it rests on. */
interface ExplanationBase {
  readonly registry: { readonly source: string; readonly updated: string };
  /** Who listens here now on what was asked for. */
  readonly listeners: readonly AuditedListener[];
  /** What the scan behind `listeners` could not see; null where no scan could be made at all. */
  readonly coverage: Coverage | null;
}

/** `portreeve/explain/v1`: everything that `portreeve explain PORT[/PROTO]` knows. Keys are only ever added. */
export interface Explanation extends ExplanationBase {
  readonly schema: 'portreeve/explain/v1';
  readonly port: number;
  /** The service name that was asked for; null where a number was. */
  readonly name: { readonly asked: string; readonly as: NameKind } | null;
  readonly range: PortRange;
  /** One per transport asked for, in the registry's order. Where none was named: TCP, UDP, and SCTP and DCCP where there is something to tell of them. */
  readonly transports: readonly TransportExplanation[];
  readonly host: ExplainedHost;
  /** Who is connected to the port, or from it; null where no source can tell. */
  readonly peers: readonly NamespacePeers[] | null;
  /** Which rules and exceptions decide, for each of `listeners`. */
  readonly decisions: readonly ListenerDecisions[];
}

/** One port that carries, or carried, the name asked for. */
export interface NamedPort {
  readonly port: number;
  readonly range: PortRange;
  readonly transports: readonly { readonly transport: Transport; readonly as: NameKind; readonly facts: PortFacts }[];
}

/** `portreeve/explain-service/v1`: a service name that several ports carry. Keys are only ever added. */
export interface ServiceExplanation extends ExplanationBase {
  readonly schema: 'portreeve/explain-service/v1';
  readonly name: string;
  readonly ports: readonly NamedPort[];
  readonly host: { readonly name: string; readonly platform: string };
}

/** A run of neighbouring ports that belong to one service. */
export interface AssignedRun {
  readonly from: number;
  readonly to: number;
  readonly service: string | null;
}

/** What the registry says of a range of ports on one transport. */
export interface TransportRange {
  readonly transport: Transport;
  readonly byStatus: Readonly<Record<AssignmentStatus, number>>;
  readonly assigned: readonly AssignedRun[];
  /** Every run within the range that is not assigned. */
  readonly blocks: readonly PortBlock[];
}

/** `portreeve/explain-range/v1`: a range of ports, summed up. Keys are only ever added. */
export interface RangeExplanation extends ExplanationBase {
  readonly schema: 'portreeve/explain-range/v1';
  readonly from: number;
  readonly to: number;
  readonly transports: readonly TransportRange[];
  readonly host: ExplainedHost;
}
