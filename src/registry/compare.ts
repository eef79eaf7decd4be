import type { ChangeCounts, ChangeKind, ChangeSide, RegistryChange } from '../model/registry-change.ts';
import type { PortFacts, PortRegistry, Transport } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { FIRST_DYNAMIC_PORT } from './port-table.ts';

/**
 * What happened to each port from one registry to another, by port. Transports with the same change share one entry,
 * and so do neighbouring ports. A change of dates or former names alone is none.
 */
export function compareRegistries(before: PortRegistry, after: PortRegistry): RegistryChange[] {
  const changes: RegistryChange[] = [];
  /** What may still grow by the next port, by everything but its ports. */
  let open = new Map<string, number>();
  for (let port = 0; port < FIRST_DYNAMIC_PORT; port += 1) {
    const here = changesOfPort(port, before, after);
    if (here === null) {
      if (open.size > 0) open = new Map();
      continue;
    }
    const grown = new Map<string, number>();
    for (const change of here) {
      const key = JSON.stringify([change.transports, change.before, change.after, change.since]);
      const index = open.get(key);
      const previous = index === undefined ? undefined : changes[index];
      if (index !== undefined && previous !== undefined) changes[index] = { ...previous, to: port };
      grown.set(key, index ?? changes.push(change) - 1);
    }
    open = grown;
  }
  return changes;
}

/** The changes of one port, or null: most ports have none, and all 49,152 are asked. */
function changesOfPort(port: number, before: PortRegistry, after: PortRegistry): RegistryChange[] | null {
  let changes: Map<string, { change: RegistryChange; transports: Transport[] }> | null = null;
  for (const transport of TRANSPORTS) {
    const was = before.lookup(port, transport);
    const is = after.lookup(port, transport);
    const kind = kindOfChange(was, is);
    if (kind === null) continue;
    changes ??= new Map();
    const sides = { before: sideOf(was), after: sideOf(is), since: is.since };
    const key = JSON.stringify(sides);
    const same = changes.get(key);
    if (same !== undefined) {
      same.transports.push(transport);
      continue;
    }
    const transports = [transport];
    changes.set(key, { change: { kind, from: port, to: port, transports, ...sides }, transports });
  }
  return changes === null ? null : [...changes.values()].map(({ change }) => change);
}

function kindOfChange(was: PortFacts, is: PortFacts): ChangeKind | null {
  if (was === is || is.status === 'dynamic') return null;
  if (was.status !== is.status) return is.status;
  if (was.service !== is.service) return 'renamed';
  return was.aliases.join() === is.aliases.join() ? null : 'aliases';
}

function sideOf({ status, service, aliases }: PortFacts): ChangeSide {
  return { status, service, aliases };
}

/** How many ports changed in each way, each counted on each transport. */
export function countChanges(changes: readonly RegistryChange[]): ChangeCounts {
  const counts: Record<ChangeKind, number> = { assigned: 0, 'de-assigned': 0, reserved: 0, unassigned: 0, renamed: 0, aliases: 0 };
  for (const { kind, from, to, transports } of changes) counts[kind] += (to - from + 1) * transports.length;
  return counts;
}
