import type { AssignmentStatus, PortFacts, PortRange, PortRegistry, Transport } from '../model/registry.ts';
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

/** Place in TRANSPORTS. */
function transportIndex(transport: Transport): number {
  switch (transport) {
    case 'tcp':
      return 0;
    case 'udp':
      return 1;
    case 'sctp':
      return 2;
    case 'dccp':
      return 3;
  }
}

export const NO_ALIASES: readonly string[] = Object.freeze([]);

/** One number for a port on a transport. */
export function portKey(port: number, transport: Transport): number {
  return port * TRANSPORTS.length + transportIndex(transport);
}

export function rangeOf(port: number): PortRange {
  if (port >= FIRST_DYNAMIC_PORT) return 'dynamic';
  return port >= FIRST_USER_PORT ? 'user' : 'system';
}

const SYSTEM_FACTS = withoutRow('unassigned', 'system');
const USER_FACTS = withoutRow('unassigned', 'user');
const DYNAMIC_FACTS = withoutRow('dynamic', 'dynamic');

function withoutRow(status: AssignmentStatus, range: PortRange): PortFacts {
  return freezeFacts({ status, range, service: null, aliases: [], since: null, former: null });
}

/** Facts of a port that the registry has no row for. */
export function defaultFacts(port: number): PortFacts {
  if (port >= FIRST_DYNAMIC_PORT) return DYNAMIC_FACTS;
  return port >= FIRST_USER_PORT ? USER_FACTS : SYSTEM_FACTS;
}

/** Facts go to callers without a copy, so they are frozen, and the empty list of aliases is one for all. */
export function freezeFacts(facts: PortFacts): PortFacts {
  return Object.freeze({ ...facts, aliases: facts.aliases.length === 0 ? NO_ALIASES : Object.freeze(facts.aliases) });
}

/** The facts of a port on a transport, by its place in TRANSPORTS. */
export type FactsAt = (port: number, transport: number) => PortFacts;

/** A registry over what knows the facts of each port from 0 to 65535. */
export function createRegistry(origin: { readonly source: string; readonly updated: string }, factsAt: FactsAt): PortRegistry {
  return {
    source: origin.source,
    updated: origin.updated,
    lookup(port, transport) {
      if (!Number.isInteger(port) || port < 0 || port > LAST_PORT) throw new RangeError(`${port} is not a port`);
      return factsAt(port, transportIndex(transport));
    },
  };
}

/** A registry over blocks that are sorted by port and do not overlap. */
export function registryOfBlocks(origin: { readonly source: string; readonly updated: string }, blocks: readonly PortBlock[]): PortRegistry {
  return createRegistry(origin, (port, transport) => {
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((blocks[middle]?.last ?? LAST_PORT) < port) low = middle + 1;
      else high = middle;
    }
    const block = blocks[low];
    return (block !== undefined && block.first <= port ? block.facts[transport] : undefined) ?? defaultFacts(port);
  });
}
