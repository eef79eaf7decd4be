import type { PortFacts, PortRegistry, Transport } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { FIRST_DYNAMIC_PORT } from './port-table.ts';

/** A port that has, or had, a service name. */
export interface ServiceMatch {
  readonly port: number;
  readonly transport: Transport;
  /** Which of the port's names it is. */
  readonly as: 'service' | 'alias' | 'former';
  readonly facts: PortFacts;
}

/** Every port that carries a service name, or carried it, by port and transport. Letter case does not matter (RFC 6335, section 5.1). */
export function findService(registry: PortRegistry, name: string): ServiceMatch[] {
  const wanted = name.toLowerCase();
  const matches: ServiceMatch[] = [];
  for (let port = 0; port < FIRST_DYNAMIC_PORT; port += 1) {
    for (const transport of TRANSPORTS) {
      const facts = registry.lookup(port, transport);
      const as = nameKind(facts, wanted);
      if (as !== null) matches.push({ port, transport, as, facts });
    }
  }
  return matches;
}

function nameKind(facts: PortFacts, wanted: string): ServiceMatch['as'] | null {
  if (facts.service?.toLowerCase() === wanted) return 'service';
  if (facts.aliases.some((alias) => alias.toLowerCase() === wanted)) return 'alias';
  return facts.former?.toLowerCase() === wanted ? 'former' : null;
}

/** Every name that a port carries or carried. */
export function listServiceNames(registry: PortRegistry): Set<string> {
  return collectNames(registry, ({ service, aliases, former }) => [service, ...aliases, former]);
}

/** Every name that a port carries today, in small letters. */
export function listPresentNames(registry: PortRegistry): Set<string> {
  return collectNames(registry, ({ service, aliases }) => [service, ...aliases].map((name) => name?.toLowerCase() ?? null));
}

function collectNames(registry: PortRegistry, namesOf: (facts: PortFacts) => readonly (string | null)[]): Set<string> {
  const names = new Set<string>();
  for (let port = 0; port < FIRST_DYNAMIC_PORT; port += 1) {
    for (const transport of TRANSPORTS) for (const name of namesOf(registry.lookup(port, transport))) if (name !== null) names.add(name);
  }
  return names;
}
