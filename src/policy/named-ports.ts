import type { ConditionDocument, PolicyDocument } from './document.ts';

/** A wider range describes a class of ports (all that are ephemeral), not the place of some software. */
const WIDEST_RANGE = 1024;

/**
 * The ports that rules and exceptions name: where some software is known, or allowed, to listen. As single ports and
 * ranges, both ends included.
 */
export function findNamedPorts(documents: readonly PolicyDocument[]): (readonly [number, number])[] {
  return documents.flatMap(({ rules, exceptions }) => [...rules, ...exceptions].flatMap(({ match }) => portsOf(match)));
}

function portsOf(condition: ConditionDocument): (readonly [number, number])[] {
  if (condition.kind !== 'field') return condition.conditions.flatMap(portsOf);
  if (condition.field !== 'port') return [];
  return condition.values.flatMap((value) => {
    const [from = Number.NaN, to = from] = String(value).split('-').map(Number);
    return to - from < WIDEST_RANGE ? [[from, to] as const] : [];
  });
}
