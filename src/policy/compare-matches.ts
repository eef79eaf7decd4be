import { parseIpAddress } from '../model/ip-address.ts';
import { compileAddressPatterns, parseAddressPattern } from './address-pattern.ts';
import type { ConditionDocument } from './document.ts';
import { compileGlobs } from './glob.ts';
import { toSpan } from './index-rules.ts';
import type { FieldValue } from './value-kinds.ts';

export type FieldCondition = ConditionDocument & { readonly kind: 'field' };

/** Fields whose values are patterns. */
const GLOB_FIELDS: ReadonlySet<string> = new Set(['exe', 'process', 'unit', 'container', 'exePackage', 'script', 'commandLine']);
const SPECIAL = /[*?[{\\]/;
const NO_PACKAGE = 'none';

/** One that is asked for again and again, for each other match that it is compared with: 5,000 of them took ten seconds. */
function remember<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, Value>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    return value;
  };
}

/** Equal for two matches that say the same, in whatever order. */
export const matchKey: (match: ConditionDocument) => string = remember((match) => {
  if (match.kind === 'field') return JSON.stringify([match.field, [...new Set(match.values.map((value) => JSON.stringify(value)))].sort()]);
  const parts = [...new Set(match.conditions.map(matchKey))].sort();
  // One mapping inside another, as under `not`, says no more than the inner one.
  return match.kind === 'all' && parts.length === 1 ? parts.join('') : JSON.stringify([match.kind, parts]);
});

const compileAddresses = remember((values: readonly FieldValue[]) =>
  compileAddressPatterns(
    values.flatMap((value) => {
      const pattern = parseAddressPattern(String(value));
      return 'message' in pattern ? [] : [pattern];
    }),
  ),
);

const compilePatterns = remember((values: readonly FieldValue[]) => compileGlobs(values.filter((value) => typeof value === 'string')));
const compilePackages = remember((values: readonly FieldValue[]) => compileGlobs(values.flatMap((value) => (value === NO_PACKAGE ? [] : String(value)))));

/**
 * Whether every listener of `narrow` certainly is one of `wide`. False also where it cannot be told: patterns are
 * compared as written, or with plain names.
 */
export function covers(wide: ConditionDocument, narrow: ConditionDocument): boolean {
  const given = narrow.kind === 'all' ? narrow.conditions : [narrow];
  return isImplied(wide, given);
}

function isImplied(condition: ConditionDocument, given: readonly ConditionDocument[]): boolean {
  switch (condition.kind) {
    case 'field':
      return given.some((other) => other.kind === 'field' && impliesField(other, condition));
    case 'all':
      return condition.conditions.every((part) => isImplied(part, given));
    case 'any':
      return condition.conditions.some((branch) => isImplied(branch, given)) || isStatedIn(condition, given);
    case 'not':
      return isStatedIn(condition, given);
  }
}

function isStatedIn(condition: ConditionDocument, given: readonly ConditionDocument[]): boolean {
  const key = matchKey(condition);
  return given.some((other) => other.kind === condition.kind && matchKey(other) === key);
}

/** Whether the one condition leaves nothing that the other would not take. */
export function impliesField(narrow: FieldCondition, wide: FieldCondition): boolean {
  return narrow.field === wide.field && narrow.values.every((value) => isCovered(narrow.field, value, wide.values));
}

/** Whether something may fulfil both, as far as the values tell; two patterns that differ are taken to have nothing in common. */
export function mayShareValue(one: FieldCondition, other: FieldCondition): boolean {
  return one.values.some((value) => isTouched(one.field, value, other.values)) || other.values.some((value) => isTouched(one.field, value, one.values));
}

function isCovered(field: string, value: FieldValue, values: readonly FieldValue[]): boolean {
  if (values.includes(value)) return true;
  if (field === 'port') {
    const [from, to] = toSpan(value);
    return values.map(toSpan).some(([first, last]) => from >= first && to <= last);
  }
  if (typeof value !== 'string') return false;
  if (field === 'service') return values.some((name) => String(name).toLowerCase() === value.toLowerCase());
  if (field === 'address') {
    const address = parseIpAddress(value);
    return address !== null && compileAddresses(values)(address);
  }
  if (!GLOB_FIELDS.has(field) || SPECIAL.test(value)) return false;
  if (field === 'exePackage') return value !== NO_PACKAGE && compilePackages(values)(value);
  return (field === 'container' && values.includes(true)) || compilePatterns(values)(value);
}

function isTouched(field: string, value: FieldValue, values: readonly FieldValue[]): boolean {
  if (field !== 'port') return isCovered(field, value, values);
  const [from, to] = toSpan(value);
  return values.map(toSpan).some(([first, last]) => from <= last && to >= first);
}
