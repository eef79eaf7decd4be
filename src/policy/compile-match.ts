import type { RegisteredListener } from '../model/audit.ts';
import type { Owner } from '../model/listener.ts';
import type { MatchExplanation, Matcher, Truth } from '../model/policy.ts';
import type { Place } from '../yaml/placed-node.ts';
import type { ConditionDocument } from './document.ts';
import { FIELDS, type Clock, type FieldTest } from './fields.ts';
import { judgedOwners } from './judged-owners.ts';
import { both, either, negate } from './truth.ts';
import { port } from './value-kinds.ts';

/** A compiled condition, which still knows its name and place, so that a verdict can be explained. */
interface Condition {
  readonly name: string;
  readonly at: Place;
  /** Whether it asks for anything of the owner. */
  readonly perOwner: boolean;
  readonly test: FieldTest;
}

/** What a listener is tried against; made when the first listener gets that far. */
interface Conditions {
  readonly all: readonly Condition[];
  /** What is the same for every owner is asked once and, being cheap, first. */
  readonly shared: FieldTest;
  readonly ofOwner: FieldTest | null;
}

/**
 * Compiles a checked `match` of a file. Most matches name a port, and most listeners are on another one: that is asked
 * first, and nothing else of such a match is even prepared (this halves what a single audit spends on the policy).
 * `now` null: every age is unknown.
 */
export function compileMatch(match: ConditionDocument, file: string, now: Clock | null = null): Matcher {
  const isOnPort = compilePortGate(match);
  let prepared: Conditions | null = null;
  const prepare = (): Conditions => (prepared ??= prepareConditions(match, now));

  // Kleene's connectives distribute, so "some owner fulfils both parts" is "the shared part, and some owner the other".
  const matchOwners = (listener: RegisteredListener, combine: (left: Truth, right: Truth) => Truth, start: Truth): Truth => {
    if (isOnPort !== null && listener.port !== null && !isOnPort(listener.port)) return 'false';
    const { shared, ofOwner } = prepare();
    const truth = shared(listener, null);
    if (truth === 'false' || ofOwner === null) return truth;
    const owners = judgedOwners(listener);
    if (owners.length === 0) return both(truth, ofOwner(listener, null));
    return both(truth, owners.reduce((joined, owner) => combine(joined, ofOwner(listener, owner)), start));
  };

  const asksExe = namesField(match, 'exe');
  const matchesAny = (listener: RegisteredListener): Truth => matchOwners(listener, either, 'false');
  return {
    matchesAny,
    matchesAll: (listener) => both(matchOwners(listener, both, 'true'), vouchFor(listener, asksExe)),
    explain: (listener) => explain(prepare().all, file, listener, matchesAny(listener)),
  };
}

/**
 * Whether a listener may be silenced at all: not while one of its sockets has no owner, and not by the path of an
 * executable that its user could have mounted there himself. In a container that root made, the container is approved.
 */
function vouchFor(listener: RegisteredListener, byPath: boolean): Truth {
  if (listener.ownerKind === 'process' && listener.ownerNote !== null) return 'unknown';
  return byPath && listener.owners.some((owner) => owner.exe !== null && owner.exeForeign !== false && owner.container === null) ? 'unknown' : 'true';
}

function namesField(condition: ConditionDocument, field: string): boolean {
  return condition.kind === 'field' ? condition.field === field : condition.conditions.some((part) => namesField(part, field));
}

function compilePortGate(match: ConditionDocument): ((port: number) => boolean) | null {
  if (match.kind !== 'all') return null;
  for (const condition of match.conditions) {
    if (condition.kind === 'field' && condition.field === 'port') return port.compile(condition.values);
  }
  return null;
}

function prepareConditions(match: ConditionDocument, now: Clock | null): Conditions {
  const all = (match.kind === 'all' ? match.conditions : [match]).map((condition) => compileCondition(condition, now));
  const perOwner = all.filter((condition) => condition.perOwner);
  return {
    all,
    shared: joinAll(all.filter((condition) => !condition.perOwner)),
    ofOwner: perOwner.length === 0 ? null : joinAll(perOwner),
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

function compileCondition(document: ConditionDocument, now: Clock | null): Condition {
  if (document.kind === 'field') return compileField(document, now);
  const parts = document.conditions.map((condition) => compileCondition(condition, now));
  const perOwner = parts.some((part) => part.perOwner);
  const test = document.kind === 'all' ? joinAll(parts) : joinAny(parts);
  const { kind: name, at } = document;
  return { name, at, perOwner, test: name === 'not' ? (listener, owner) => negate(test(listener, owner)) : test };
}

function compileField({ field, values, at }: ConditionDocument & { kind: 'field' }, now: Clock | null): Condition {
  const definition = FIELDS.get(field);
  if (definition === undefined) throw new RangeError(`${field} is no field: this document was not made by this version`);
  return { name: field, at, perOwner: definition.level === 'owner', test: definition.compile(values, now) };
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
