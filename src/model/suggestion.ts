import type { Coverage } from './coverage.ts';
import type { AssignedNeighbour } from './explanation.ts';
import type { ConnectedProtocol } from './peers.ts';
import type { PortRange } from './registry.ts';

/** What is asked for. */
export interface SuggestionRequest {
  /** How many ports. */
  readonly count: number;
  /** From the dynamic range, which IANA never assigns. */
  readonly private: boolean;
  /** The port has to be free on each of these. */
  readonly protocols: readonly ConnectedProtocol[];
  /** As close to this port as can be; null for anywhere. */
  readonly near: number | null;
  /** Decides between ports that are equally good: the same seed gives the same port, another most likely another. */
  readonly seed: string;
}

/** A port for a new service, and what speaks for it. */
export interface SuggestedPort {
  readonly port: number;
  readonly range: PortRange;
  /** The run of ports that are unassigned (dynamic, where that was asked for) on every protocol asked for. */
  readonly block: { readonly from: number; readonly to: number };
  /** The nearest port on either side that is assigned on any of the protocols. */
  readonly below: AssignedNeighbour | null;
  readonly above: AssignedNeighbour | null;
  /** In the range from which this host takes the ports of outgoing connections; null where the host does not say. */
  readonly ephemeral: boolean | null;
}

/** How Linux is told not to hand the ports to clients. */
export interface PortReservation {
  /** Whether any of the ports is handed out as it is. */
  readonly needed: boolean;
  /** `net.ipv4.ip_local_reserved_ports` */
  readonly setting: string;
  /** What is reserved already, and the new ports: the setting is one list, and a new value replaces the old. */
  readonly value: string;
  /** Where the setting lasts. */
  readonly file: string;
}

/** `portreeve/suggest/v1`. Keys are only ever added. */
export interface Suggestion {
  readonly schema: 'portreeve/suggest/v1';
  readonly request: SuggestionRequest;
  readonly registry: { readonly source: string; readonly updated: string };
  readonly host: { readonly name: string; readonly platform: string; readonly ephemeralRange: readonly [number, number] | null };
  /** Best first. */
  readonly ports: readonly SuggestedPort[];
  /** Whether it could be seen that no connection of this host uses the ports. */
  readonly connectionsChecked: boolean;
  /** Null where the ports are outside the dynamic and the ephemeral range, and where the system has no such setting. */
  readonly reservation: PortReservation | null;
  /** What the scan for listeners could not see; null where no scan could be made. */
  readonly coverage: Coverage | null;
}
