import type { PortFacts, PortRange, PortRegistry, Transport } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';

/** Facts of one port on each transport, in the order of TRANSPORTS. */
export type FactsByTransport = readonly PortFacts[];

/** Neighbouring ports with the same facts on every transport; within one port range (RFC 6335), never dynamic. */
export interface PortBlock {
  readonly first: number;
  readonly last: number;
  readonly facts: FactsByTransport;
}

export const FIRST_USER_PORT = 1024;
export const FIRST_DYNAMIC_PORT = 49152;
export const LAST_PORT = 65535;

const TRANSPORT_INDEX: Readonly<Record<Transport, number>> = { tcp: 0, udp: 1, sctp: 2, dccp: 3 };

export const NO_ALIASES: readonly string[] = Object.freeze([]);

/** One number for a port on a transport. */
export function portKey(port: number, transport: Transport): number {
  return port * TRANSPORTS.length + TRANSPORT_INDEX[transport];
}

export function rangeOf(port: number): PortRange {
  if (port >= FIRST_DYNAMIC_PORT) return 'dynamic';
  return port >= FIRST_USER_PORT ? 'user' : 'system';
}

const DEFAULT_FACTS: Readonly<Record<PortRange, PortFacts>> = {
  system: freezeFacts({ status: 'unassigned', range: 'system', service: null, aliases: [], since: null, former: null }),
  user: freezeFacts({ status: 'unassigned', range: 'user', service: null, aliases: [], since: null, former: null }),
  dynamic: freezeFacts({ status: 'dynamic', range: 'dynamic', service: null, aliases: [], since: null, former: null }),
};

/** Facts of a port that the registry has no row for. */
export function defaultFacts(port: number): PortFacts {
  if (port >= FIRST_DYNAMIC_PORT) return DEFAULT_FACTS.dynamic;
  return port >= FIRST_USER_PORT ? DEFAULT_FACTS.user : DEFAULT_FACTS.system;
}

/** Facts go to callers without a copy, so they are frozen, and the empty list of aliases is one for all. */
export function freezeFacts(facts: PortFacts): PortFacts {
  return Object.freeze({ ...facts, aliases: facts.aliases.length === 0 ? NO_ALIASES : Object.freeze(facts.aliases) });
}

/** A registry over `factsAt`, which gives the facts of a listed port, and null for one that has no row. */
export function createRegistry(
  origin: { readonly source: string; readonly updated: string },
  factsAt: (port: number) => FactsByTransport | null,
): PortRegistry {
  return {
    source: origin.source,
    updated: origin.updated,
    lookup(port, transport) {
      if (!Number.isInteger(port) || port < 0 || port > LAST_PORT) throw new RangeError(`${port} is not a port`);
      if (port >= FIRST_DYNAMIC_PORT) return DEFAULT_FACTS.dynamic;
      return factsAt(port)?.[TRANSPORT_INDEX[transport]] ?? defaultFacts(port);
    },
  };
}

/** A registry over blocks that are sorted by port and do not overlap. */
export function registryOfBlocks(origin: { readonly source: string; readonly updated: string }, blocks: readonly PortBlock[]): PortRegistry {
  return createRegistry(origin, (port) => {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((blocks[middle]?.last ?? LAST_PORT) < port) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low];
    return block !== undefined && block.first <= port ? block.facts : null;
  });
}
