import type { AssignmentStatus, PortRegistry, Transport } from '../model/registry.ts';
import { LAST_PORT } from './port-table.ts';

/** An assigned port near another. */
export interface AssignedNeighbour {
  readonly port: number;
  /** Null where the registry assigns the port without a service name (24/tcp, "any private mail system"). */
  readonly service: string | null;
}

/** Where a port lies on its transport. */
export interface Neighbourhood {
  readonly status: AssignmentStatus;
  /** First and last port of the unbroken stretch of this status that the port is in. */
  readonly first: number;
  readonly last: number;
  /** The nearest assigned port on either side, not the port itself; null where there is none. */
  readonly below: AssignedNeighbour | null;
  readonly above: AssignedNeighbour | null;
}

/** Looks around a port: the stretch of its status that it lies in, and the nearest assigned ports. */
export function findNeighbours(registry: PortRegistry, port: number, transport: Transport): Neighbourhood {
  const { status } = registry.lookup(port, transport);
  const endOfStretch = (step: 1 | -1): number => {
    let end = port;
    while (isPort(end + step) && registry.lookup(end + step, transport).status === status) end += step;
    return end;
  };
  const nearestAssigned = (step: 1 | -1): AssignedNeighbour | null => {
    for (let near = port + step; isPort(near); near += step) {
      const facts = registry.lookup(near, transport);
      if (facts.status === 'assigned') return { port: near, service: facts.service };
    }
    return null;
  };
  return { status, first: endOfStretch(-1), last: endOfStretch(1), below: nearestAssigned(-1), above: nearestAssigned(1) };
}

function isPort(port: number): boolean {
  return port >= 0 && port <= LAST_PORT;
}
