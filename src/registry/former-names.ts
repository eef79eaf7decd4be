import type { PortRegistry } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { FIRST_DYNAMIC_PORT, portKey } from './port-table.ts';
import type { RegistryRow } from './read-registry-csv.ts';

/** Service names that ports had in older files, by `portKey`. */
export type FormerNames = ReadonlyMap<number, string>;

/** "previously NAME by [person]", "Historic usage was NAME", "Unassigned [was NAME]": the three ways the registry has. */
const FORMER_IN_TEXT = /(?:\bpreviously ([a-z0-9-]{1,15}) by \[|\bhistoric usage was ([a-z0-9-]{1,15})\b|\[was ([a-z0-9-]{1,15})\])/i;

/** The service name that a row says its port had before; null where it says none. */
export function formerNameInNotes(row: Pick<RegistryRow, 'description' | 'notes'>): string | null {
  const match = FORMER_IN_TEXT.exec(row.notes) ?? FORMER_IN_TEXT.exec(row.description);
  return match?.[1] ?? match?.[2] ?? match?.[3] ?? null;
}

/** For each port the service name in the newest of the older registries that has one. */
export function collectFormerNames(older: readonly PortRegistry[]): FormerNames {
  const names = new Map<number, string>();
  for (const registry of [...older].sort((a, b) => (a.updated < b.updated ? -1 : 1))) {
    forEachPort((port, transport) => {
      const { service } = registry.lookup(port, transport);
      if (service !== null) names.set(portKey(port, transport), service);
    });
  }
  return names;
}

/**
 * What `known` can add to a registry of the date `asOf`: the former names that it holds and, where it is the older of
 * the two, its present names. A name that was lost after `asOf` is left out: it was not a former name yet.
 */
export function formerNamesAsOf(known: PortRegistry, asOf: string): FormerNames {
  const names = new Map<number, string>();
  forEachPort((port, transport) => {
    const facts = known.lookup(port, transport);
    const former = facts.since === null || facts.since <= asOf ? facts.former : null;
    const name = former ?? (known.updated < asOf ? facts.service : null);
    if (name !== null) names.set(portKey(port, transport), name);
  });
  return names;
}

function forEachPort(visit: (port: number, transport: (typeof TRANSPORTS)[number]) => void): void {
  for (let port = 0; port < FIRST_DYNAMIC_PORT; port += 1) for (const transport of TRANSPORTS) visit(port, transport);
}
