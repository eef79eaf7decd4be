import type { RegisteredListener } from '../model/audit.ts';
import type { Owner } from '../model/listener.ts';
import type { MatchExplanation, Matcher, Truth } from '../model/policy.ts';
import type { ConditionDocument } from './document.ts';
import { FIELDS, type FieldTest } from './fields.ts';
import { judgedOwners } from './judged-owners.ts';
import type { Place } from './placed-node.ts';
import { both, either, negate } from './truth.ts';

/** A compiled condition, which still knows its name and place, so that a verdict can be explained. */
interface Condition {
  readonly name: string;
  readonly at: Place;
  /** Whether it asks for anything of the owner. */
  readonly perOwner: boolean;
  readonly test: FieldTest;
}

/** Compiles a checked `match` of a file. Globs and networks are prepared when a listener first gets as far as them. */
export function compileMatch(match: ConditionDocument, file: string): Matcher {
  const conditions = match.kind === 'all' ? match.conditions.map(compileCondition) : [compileCondition(match)];
  // What is the same for every owner is asked once and, being cheap, first.
  const shared = joinAll(conditions.filter((condition) => !condition.perOwner));
  const perOwner = conditions.filter((condition) => condition.perOwner);
  const ofOwner = perOwner.length === 0 ? null : joinAll(perOwner);

  // Kleene's connectives distribute, so "some owner fulfils both parts" is "the shared part, and some owner the other".
  const matchOwners = (listener: RegisteredListener, combine: (left: Truth, right: Truth) => Truth, start: Truth): Truth => {
    const truth = shared(listener, null);
    if (truth === 'false' || ofOwner === null) return truth;
    const owners = judgedOwners(listener);
    if (owners.length === 0) return both(truth, ofOwner(listener, null));
    return both(truth, owners.reduce((joined, owner) => combine(joined, ofOwner(listener, owner)), start));
  };

  const matchesAny = (listener: RegisteredListener): Truth => matchOwners(listener, either, 'false');
  return {
    matchesAny,
    matchesAll: (listener) => matchOwners(listener, both, 'true'),
    explain: (listener) => explain(conditions, file, listener, matchesAny(listener)),
  };
}

/** Blames the first condition that fails for the owner who comes nearest to a match. */
function explain(conditions: readonly Condition[], file: string, listener: RegisteredListener, truth: Truth): MatchExplanation {
  if (truth === 'true') return { truth, condition: null, position: null };
  const owners = judgedOwners(listener);
  const subjects: readonly (Owner | null)[] = owners.length === 0 ? [null] : owners;
  const whole = joinAll(conditions);
  const nearest = subjects.find((owner) => whole(listener, owner) === truth) ?? null;
  const blamed = conditions.find((condition) => condition.test(listener, nearest) === truth);
  if (blamed === undefined) return { truth, condition: null, position: null };
  return { truth, condition: blamed.name, position: { file, line: blamed.at[0], column: blamed.at[1] } };
}

function compileCondition(document: ConditionDocument): Condition {
  if (document.kind === 'field') return compileField(document);
  const parts = document.conditions.map(compileCondition);
  const perOwner = parts.some((part) => part.perOwner);
  const test = document.kind === 'all' ? joinAll(parts) : joinAny(parts);
  const { kind: name, at } = document;
  return { name, at, perOwner, test: name === 'not' ? (listener, owner) => negate(test(listener, owner)) : test };
}

function compileField({ field, values, at }: ConditionDocument & { kind: 'field' }): Condition {
  const definition = FIELDS.get(field);
  if (definition === undefined) throw new RangeError(`${field} is no field: this document was not made by this version`);
  return { name: field, at, perOwner: definition.level === 'owner', test: definition.compile(values) };
}

function joinAll(conditions: readonly Condition[]): FieldTest {
  return (listener, owner) => {
    let truth: Truth = 'true';
    for (const condition of conditions) {
      truth = both(truth, condition.test(listener, owner));
      if (truth === 'false') break;
    }
    return truth;
  };
}

function joinAny(conditions: readonly Condition[]): FieldTest {
  return (listener, owner) => {
    let truth: Truth = 'false';
    for (const condition of conditions) {
      truth = either(truth, condition.test(listener, owner));
      if (truth === 'true') break;
    }
    return truth;
  };
}
