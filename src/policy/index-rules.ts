import type { RegisteredListener } from '../model/audit.ts';
import type { Rule } from '../model/policy.ts';
import { PROTOCOLS, type Protocol } from '../model/socket.ts';
import type { ConditionDocument } from './document.ts';
import type { FieldValue } from './value-kinds.ts';

type Span = readonly [from: number, to: number];

/** Beyond this many ports a rule describes a class of ports, and is tried on every listener like those without any. */
const MOST_PORTS = 64;

/**
 * An index of rules by port, by service and by protocol: most rules of a real policy are about one service. A look-up
 * gives, in the policy's order, the rules that may be true; `matches` are theirs, in the same order.
 */
export function indexRules(rules: readonly Rule[], matches: readonly ConditionDocument[]): (listener: RegisteredListener) => readonly Rule[] {
  const byPort = new Map<number, number[]>();
  const byService = new Map<string, number[]>();
  const general: number[] = [];
  for (const [index, match] of matches.entries()) {
    const ports = valuesNeeded(match, 'port')?.map(toSpan) ?? null;
    const services = valuesNeeded(match, 'service');
    if (ports !== null && ports.reduce((sum, [from, to]) => sum + to - from + 1, 0) <= MOST_PORTS) {
      for (const number of new Set(ports.flatMap(listPorts))) addTo(byPort, number, index);
    } else if (services !== null) {
      for (const name of new Set(services.map((service) => String(service).toLowerCase()))) addTo(byService, name, index);
    } else {
      general.push(index);
    }
  }
  const generalFor = new Map<Protocol, readonly number[]>(
    PROTOCOLS.map((protocol) => [protocol, general.filter((index) => matches[index] === undefined || (valuesNeeded(matches[index], 'protocol')?.includes(protocol) ?? true))]),
  );

  const rulesAt = (indices: readonly number[]): readonly Rule[] => indices.flatMap((index) => rules[index] ?? []);
  const generalRules = new Map([...generalFor].map(([protocol, indices]) => [protocol, rulesAt(indices)]));
  return ({ protocol, port, registry }) => {
    const named = registry === null ? [] : [registry.service ?? '', ...registry.aliases].flatMap((name) => byService.get(name.toLowerCase()) ?? []);
    const special = [...(port === null ? [] : byPort.get(port) ?? []), ...named];
    if (special.length === 0) return generalRules.get(protocol) ?? [];
    return rulesAt(merge(generalFor.get(protocol) ?? [], special));
  };
}

/** Joins ascending indices with a few others, each once. */
function merge(ascending: readonly number[], others: number[]): number[] {
  const merged: number[] = [];
  let next = 0;
  for (const other of others.sort((left, right) => left - right)) {
    for (let index = ascending[next]; index !== undefined && index < other; index = ascending[++next]) merged.push(index);
    if (merged[merged.length - 1] !== other) merged.push(other);
  }
  for (; next < ascending.length; next++) merged.push(ascending[next] ?? 0);
  return merged;
}

function addTo<Key>(index: Map<Key, number[]>, key: Key, value: number): void {
  const listed = index.get(key);
  if (listed === undefined) index.set(key, [value]);
  else listed.push(value);
}

/**
 * The values of a field of which a listener must have one for the match to be true; null where the match does not tell.
 * A field under `not` never does: what it rules out leaves nearly everything in.
 */
export function valuesNeeded(match: ConditionDocument, field: string): readonly FieldValue[] | null {
  switch (match.kind) {
    case 'field':
      return match.field === field ? match.values : null;
    case 'not':
      return null;
    case 'all':
      return match.conditions.map((condition) => valuesNeeded(condition, field)).find((values) => values !== null) ?? null;
    case 'any': {
      const branches = match.conditions.map((condition) => valuesNeeded(condition, field));
      return branches.every((values) => values !== null) ? branches.flat() : null;
    }
  }
}

/** Both ends of a port or a range as a policy writes it. */
export function toSpan(value: FieldValue): Span {
  const [from = 0, to = from] = String(value).split('-').map(Number);
  return [from, to];
}

function listPorts([from, to]: Span): number[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => from + offset);
}
