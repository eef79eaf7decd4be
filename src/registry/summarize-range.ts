import { ASSIGNMENT_STATUSES, type AssignmentStatus, type PortRegistry, type Transport } from '../model/registry.ts';
import type { AssignedRun, PortBlock, TransportRange } from '../model/explanation.ts';

/** What the registry says of the ports from `from` to `to` on one transport: counts, runs of one service, and runs without. */
export function summarizeRange(registry: PortRegistry, from: number, to: number, transport: Transport): TransportRange {
  const byStatus = Object.fromEntries(ASSIGNMENT_STATUSES.map((status) => [status, 0])) as Record<AssignmentStatus, number>;
  const assigned: AssignedRun[] = [];
  const blocks: PortBlock[] = [];
  for (let port = from; port <= to; port += 1) {
    const { status, service } = registry.lookup(port, transport);
    byStatus[status] += 1;
    if (status === 'assigned') {
      const last = assigned.at(-1);
      if (last?.to === port - 1 && last.service === service) assigned[assigned.length - 1] = { ...last, to: port };
      else assigned.push({ from: port, to: port, service });
    } else {
      const last = blocks.at(-1);
      if (last?.to === port - 1 && last.status === status) blocks[blocks.length - 1] = { ...last, to: port };
      else blocks.push({ from: port, to: port, status });
    }
  }
  return { transport, byStatus, assigned, blocks };
}
