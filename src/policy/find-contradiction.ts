import { bindScope, parseIpAddress } from '../model/ip-address.ts';
import type { PortRange } from '../model/registry.ts';
import type { Place } from '../yaml/placed-node.ts';
import { impliesField, mayShareValue, type FieldCondition } from './compare-matches.ts';
import type { ConditionDocument } from './document.ts';
import { toSpan } from './index-rules.ts';
import type { FieldValue } from './value-kinds.ts';

export interface Contradiction {
  readonly at: Place;
  /** What excludes what, for a sentence: `port 8080 lies outside of range system`. */
  readonly why: string;
}

/** What a process has and nothing else; user and uid are known of the socket too. */
const PROCESS_FIELDS = ['exe', 'process', 'unit', 'container', 'exeDeleted', 'exeReplaced', 'exeForeign', 'exePackage', 'script', 'commandLine', 'age'];
/** RFC 6335, section 6. */
const RANGE_PORTS: Readonly<Record<PortRange, readonly [number, number]>> = { system: [0, 1023], user: [1024, 49151], dynamic: [49152, 65535] };

/** Why a match can be true of no listener; null where nothing speaks against it. */
export function findContradiction(match: ConditionDocument, outer: readonly FieldCondition[] = []): Contradiction | null {
  const parts = match.kind === 'all' ? match.conditions : [match];
  const fields = [...outer];
  for (const part of parts) {
    if (part.kind !== 'field') continue;
    const clash = fields.find((other) => isPlain(part) && other.field === part.field && !mayShareValue(other, part));
    if (clash !== undefined) return { at: part.at, why: `${part.field} cannot be both ${say(clash)} and ${say(part)}` };
    fields.push(part);
  }
  return findClash(fields) ?? findExcluded(parts, fields) ?? findDeadBranches(parts, fields);
}

/** Values of these can be told apart; two patterns may always have something in common. */
function isPlain({ field }: FieldCondition): boolean {
  return !['exe', 'process', 'unit', 'container', 'exePackage', 'script', 'commandLine', 'address', 'age', 'service'].includes(field);
}

/** A `not` that takes away all that the fields leave. */
function findExcluded(parts: readonly ConditionDocument[], fields: readonly FieldCondition[]): Contradiction | null {
  for (const part of parts) {
    if (part.kind !== 'not') continue;
    for (const excluded of part.conditions) {
      const needed = excluded.kind === 'all' ? excluded.conditions : [excluded];
      const isAll = needed.every((condition) => condition.kind === 'field' && fields.some((field) => impliesField(field, condition)));
      if (isAll) return { at: part.at, why: 'its not excludes all that the other fields leave' };
    }
  }
  return null;
}

/** An `any` of which no branch can be true. */
function findDeadBranches(parts: readonly ConditionDocument[], fields: readonly FieldCondition[]): Contradiction | null {
  for (const part of parts) {
    if (part.kind !== 'any') continue;
    const dead = part.conditions.map((branch) => findContradiction(branch, fields));
    if (dead.every((contradiction) => contradiction !== null)) return dead[0] ?? null;
  }
  return null;
}

/** Pairs of fields that exclude each other. */
function findClash(fields: readonly FieldCondition[]): Contradiction | null {
  const of = (name: string): FieldCondition | undefined => fields.find(({ field }) => field === name);
  const [status, range, port, protocol, scope, address] = ['status', 'range', 'port', 'protocol', 'scope', 'address'].map(of);
  const [ownerKind, ownerReason] = [of('ownerKind'), of('ownerReason')];
  const at = (condition: FieldCondition, why: string): Contradiction => ({ at: condition.at, why });

  const portless = [port, status, range, of('service')].find((condition) => condition !== undefined);
  if (protocol !== undefined && isOnly(protocol, ['raw']) && portless !== undefined) return at(portless, `a raw socket has no port, and so no ${portless.field}`);

  if (range !== undefined && port !== undefined && !port.values.some((value) => liesInRanges(value, range.values))) return at(port, `port ${say(port)} lies outside of range ${say(range)}`);
  const places = port?.values.map(toSpan) ?? range?.values.map((name) => RANGE_PORTS[name as PortRange]);
  if (status !== undefined && places !== undefined) {
    const first = RANGE_PORTS.dynamic[0];
    if (isOnly(status, ['dynamic']) && places.every(([, to]) => to < first)) return at(status, `only ports from ${first} on are dynamic`);
    if (!status.values.includes('dynamic') && places.every(([from]) => from >= first)) return at(status, `ports from ${first} on are always dynamic, never ${say(status)}`);
  }
  const service = of('service');
  if (service !== undefined && status !== undefined && isOnly(status, ['unassigned', 'dynamic'])) return at(service, `a port that is ${say(status)} has no service`);

  const isWithoutProcess = ownerKind !== undefined && !ownerKind.values.includes('process');
  // Beside its processes a listener may have a socket without an owner, and then a reason for that.
  if (isWithoutProcess && ownerReason !== undefined && !ownerReason.values.some((reason) => ownerKind.values.includes(reason === 'kernel' ? 'kernel' : 'unknown'))) {
    return at(ownerReason, `ownerReason ${say(ownerReason)} does not go with ownerKind ${say(ownerKind)}`);
  }
  const ofProcess = fields.find(({ field }) => PROCESS_FIELDS.includes(field));
  if (isWithoutProcess && ofProcess !== undefined) return at(ofProcess, `without a process (ownerKind ${say(ownerKind)}) there is no ${ofProcess.field}`);
  const [deleted, replaced] = [of('exeDeleted'), of('exeReplaced')];
  if (deleted?.values[0] === false && replaced?.values[0] === true) return at(replaced, 'what was replaced is deleted too');

  const scopes = address?.values.map((value) => scopeOf(value));
  if (address !== undefined && scope !== undefined && scopes?.every((known) => known !== null && !scope.values.includes(known)) === true) {
    return at(address, `the scope of ${say(address)} is ${[...new Set(scopes)].join(', ')}, not ${say(scope)}`);
  }
  if (of('dualStack')?.values[0] === true) {
    if (scope !== undefined && !scope.values.includes('wildcard')) return at(scope, 'only a wildcard listener can be dual-stack');
    if (address !== undefined && !address.values.includes('::')) return at(address, 'only the address :: can be dual-stack');
  }
  return null;
}

function isOnly({ values }: FieldCondition, words: readonly string[]): boolean {
  return values.every((value) => words.includes(String(value)));
}

function liesInRanges(port: FieldValue, ranges: readonly FieldValue[]): boolean {
  const [from, to] = toSpan(port);
  return ranges.map((range) => RANGE_PORTS[range as PortRange]).some(([first, last]) => from <= last && to >= first);
}

/** Scope of a single address; null for a network, which may hold several. */
function scopeOf(value: FieldValue): string | null {
  return parseIpAddress(String(value)) === null ? null : bindScope(String(value));
}

function say({ values }: FieldCondition): string {
  return values.length > 3 ? `${values.slice(0, 3).join(', ')} ...` : values.join(', ');
}
