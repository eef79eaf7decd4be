import type { AuditedListener, Finding } from './audit.ts';
import type { Difference } from './audit-change.ts';
import type { Owner, UnknownReason } from './listener.ts';

/** What tells two sights of one listener apart, attribute by attribute; and the attributes themselves, as texts to compare. */

/** `no-holder` is not among them: a listener that lost its owner before a scan that saw everything is news. */
const OUT_OF_SIGHT: ReadonlySet<string> = new Set<UnknownReason>(['no-privilege', 'process-left', 'outside-pid-namespace', 'source-limit', 'not-searched']);

/** Whether the owner was merely not to be seen this time. */
export function isOutOfSight({ ownerKind, ownerNote }: AuditedListener): boolean {
  return ownerKind === 'unknown' && OUT_OF_SIGHT.has(ownerNote?.code ?? '');
}

/** Who holds it: another owner, or the same with other rights. Pids, names and command lines do not count. */
export function compareOwners(before: AuditedListener, after: AuditedListener): readonly Difference[] {
  const kinds = differ('owner', [ownerKindOf(before)], [ownerKindOf(after)]);
  const unit = differ('socket unit', before.activation === null ? [] : [before.activation.unit], after.activation === null ? [] : [after.activation.unit]);
  // A socket unit hands its listener to the service and back: that the one or the other holds it is no change of owner.
  if (before.activation !== null && after.activation !== null) return [...kinds, ...unit];
  const isNamed = before.ownerKind === 'process' && after.ownerKind === 'process';
  const namedUsers = isNamed && users(before).length > 0 && users(after).length > 0;
  return [
    ...kinds,
    ...differ('executable', executables(before), executables(after)),
    ...differ('foreign', foreignExecutables(before), foreignExecutables(after)),
    ...(namedUsers || !isNamed ? differ('user', users(before), users(after)) : []),
    ...differ('unit', units(before), units(after)),
    ...differ('container', containers(before), containers(after)),
    ...unit,
  ];
}

/** What else is another while the owner may be the same. */
export function compareState(before: AuditedListener, after: AuditedListener): readonly Difference[] {
  return [
    ...differ('deleted', deletedExecutables(before), deletedExecutables(after)),
    ...differ('dual-stack', [before.dualStack ? 'yes' : 'no'], [after.dualStack ? 'yes' : 'no']),
    ...(before.port === after.port ? differ('registry', [registryOf(before)], [registryOf(after)]) : []),
  ];
}

export function compareFindings(before: readonly Finding[], after: readonly Finding[]): readonly Difference[] {
  const [was, is] = [labelByRule(before), labelByRule(after)];
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((rule) => differ('finding', [was.get(rule)], [is.get(rule)]));
}

function labelByRule(findings: readonly Finding[]): ReadonlyMap<string, string> {
  return new Map(findings.map(({ rule, severity, excepted }) => [rule, `${rule} (${severity}${excepted === null ? '' : `, excepted by ${excepted.id}`})`]));
}

function differ(what: Difference['what'], before: readonly (string | undefined)[], after: readonly (string | undefined)[]): readonly Difference[] {
  const [was, is] = [before, after].map((values) => values.filter((value) => value !== undefined).join(', '));
  return was === is ? [] : [{ what, before: was === undefined || was === '' ? null : was, after: is === undefined || is === '' ? null : is }];
}

/** `process`, `kernel (wireguard)`, `unknown (no-holder)`. */
export function ownerKindOf({ ownerKind, ownerNote }: AuditedListener): string {
  return ownerKind === 'process' || ownerNote === null ? ownerKind : `${ownerKind} (${ownerKind === 'kernel' ? (ownerNote.detail.split(': ', 1)[0] ?? '') : ownerNote.code})`;
}

export function executables({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ exe, name }) => exe ?? name));
}

function deletedExecutables({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ exeDeleted, exe, name }) => (exeDeleted === true ? (exe ?? name) : null)));
}

/** A known path that leads to another file now is another owner; in a container it always does. */
function foreignExecutables({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ exeForeign, container, exe, name }) => (exeForeign === true && container === null ? (exe ?? name) : null)));
}

export function users({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ user, uid }) => user ?? (uid === null ? null : String(uid))));
}

export function units({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(lastingUnit));
}

function containers({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(lastingContainer));
}

/** The scope of a login is another with every login, and a container has another id each time that it is made anew. */
export function lastingUnit({ unit }: Pick<Owner, 'unit'>): string | null {
  return unit?.replace(/^session-c?\d+\.scope$/, 'session scope').replace(CONTAINER_ID, 'ID') ?? null;
}

export function lastingContainer({ container }: Pick<Owner, 'container'>): string | null {
  return container?.replace(CONTAINER_ID, 'ID') ?? null;
}

const CONTAINER_ID = /[0-9a-f]{64}|(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])/g;

function distinct(values: readonly (string | null)[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== null && value !== '').sort() as string[];
}

function registryOf({ registry }: AuditedListener): string {
  return registry === null ? 'none' : [registry.status, registry.service].filter((part) => part !== null).join(' ');
}

/** Findings that no exception silences. */
export function standingOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ excepted }) => excepted === null);
}
