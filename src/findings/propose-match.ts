import type { AuditedListener } from '../model/audit.ts';
import type { ProposedField } from '../model/baseline.ts';
import type { Owner } from '../model/listener.ts';
import { literalPattern } from '../model/literal-pattern.ts';

type Value = string | number | boolean;

interface EvidenceField {
  readonly name: string;
  /** What a match has to say for this listener and owner to fulfil it; null where there is nothing that it could say. */
  valueOf(listener: AuditedListener, owner: Owner | null): Value | null;
}

/** A 12 or 64 digit id, which the next container of the same image does not share. */
const CONTAINER_ID = /^[0-9a-f]{12,64}$/;

const LISTENER_FIELDS: readonly EvidenceField[] = [
  { name: 'protocol', valueOf: ({ protocol }) => protocol },
  { name: 'port', valueOf: ({ port }) => port },
  { name: 'scope', valueOf: ({ scope }) => scope },
  { name: 'interface', valueOf: (listener) => listener.interface },
  { name: 'netns', valueOf: ({ netns }) => stableNamespace(netns.name) },
  { name: 'ownerKind', valueOf: ({ ownerKind }) => (ownerKind === 'kernel' ? 'kernel' : null) },
  { name: 'activated', valueOf: ({ activation }) => (activation === null ? null : true) },
];

const OWNER_FIELDS: readonly EvidenceField[] = [
  { name: 'exe', valueOf: (_, owner) => literalPattern(owner?.exe ?? '') },
  { name: 'user', valueOf: (_, owner) => owner?.user ?? null },
  // Where a name is missing (a container's users), the number has to do.
  { name: 'uid', valueOf: (_, owner) => owner?.uid ?? null },
  { name: 'unit', valueOf: (_, owner) => unitPattern(owner?.unit ?? null) },
  { name: 'container', valueOf: (_, owner) => (owner === null ? null : containerValue(owner.container)) },
];

const FIELDS: ReadonlyMap<string, EvidenceField> = new Map([...LISTENER_FIELDS, ...OWNER_FIELDS].map((field) => [field.name, field]));

/**
 * A match for this listener, with every field that its evidence can fill and that outlives a restart. `manyNamespaces`:
 * the scan saw others, so that the match has to name its own.
 */
export function proposeMatch(listener: AuditedListener, manyNamespaces: boolean): readonly ProposedField[] {
  const fields = LISTENER_FIELDS.filter(({ name }) => name !== 'netns' || manyNamespaces).flatMap((field) => fill(field, [field.valueOf(listener, null)]));
  const { owners, activation } = listener;
  // While the service of a socket unit does not run, who will answer cannot be told: the unit alone stands for it.
  if (owners.length === 0 || (activation !== null && owners.length === 1)) return fields;
  const filled = OWNER_FIELDS.flatMap((field) => fill(field, owners.map((owner) => field.valueOf(listener, owner))));
  const isNamed = filled.some(({ field }) => field === 'user');
  return [...fields, ...filled.filter(({ field }) => field !== 'uid' || !isNamed)];
}

/** Nothing where one owner lacks the fact: a match that asks for it would not hold for that one. */
function fill({ name }: EvidenceField, values: readonly (Value | null)[]): readonly ProposedField[] {
  const known = values.flatMap((value) => (value === null || value === '' ? [] : [value]));
  return known.length < values.length ? [] : [{ field: name, values: [...new Set(known)] }];
}

/** Whether a proposed match holds for every owner of another listener, as an exception has to. */
export function wouldCover(match: readonly ProposedField[], listener: AuditedListener, judgedOwners: (listener: AuditedListener) => readonly Owner[]): boolean {
  const judged = judgedOwners(listener);
  const subjects = judged.length === 0 ? [null] : judged;
  return match.every(({ field, values }) =>
    subjects.every((owner) => {
      const value = FIELDS.get(field)?.valueOf(listener, owner) ?? null;
      return value !== null && (values.includes(value) || (field === 'container' && values.includes(true) && value !== false));
    }),
  );
}

/** Namespaces without a name of their own are told apart by numbers or by a container's id, which the next start changes. */
function stableNamespace(name: string | null): string | null {
  return name === null || /#\d+$/.test(name) || CONTAINER_ID.test(name) ? null : name;
}

/** A service by its name; of a login's session and of a transient service only the kind, since their numbers change. */
function unitPattern(unit: string | null): string | null {
  if (unit === null) return null;
  if (/^session-c?\d+\.scope$/.test(unit)) return 'session-*.scope';
  if (/^run-(?:u\d+|r[0-9a-f]+|p\d+-i\d+)\.service$/.test(unit)) return 'run-*.service';
  return unit.endsWith('.service') ? literalPattern(unit) : null;
}

function containerValue(container: string | null): Value | null {
  if (container === null) return false;
  return CONTAINER_ID.test(container) ? true : literalPattern(container);
}
