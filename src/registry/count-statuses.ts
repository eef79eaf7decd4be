import type { AssignmentStatus, PortRegistry, Transport } from '../model/registry.ts';
import { ASSIGNMENT_STATUSES, TRANSPORTS } from '../model/registry.ts';
import { LAST_PORT } from './port-table.ts';

export type StatusCounts = Readonly<Record<Transport, Readonly<Record<AssignmentStatus, number>>>>;

/** How many of the 65,536 ports have each status, on each transport. */
export function countStatuses(registry: PortRegistry): StatusCounts {
  const zeros = (): Record<AssignmentStatus, number> => Object.fromEntries(ASSIGNMENT_STATUSES.map((status) => [status, 0])) as Record<AssignmentStatus, number>;
  const counts: Record<Transport, Record<AssignmentStatus, number>> = { tcp: zeros(), udp: zeros(), sctp: zeros(), dccp: zeros() };
  for (let port = 0; port <= LAST_PORT; port += 1) {
    for (const transport of TRANSPORTS) counts[transport][registry.lookup(port, transport).status] += 1;
  }
  return counts;
}
