import type { AuditedListener, Finding } from '../model/audit.ts';
import { CHANGE_KINDS, type AuditComparison, type ChangeKind, type Difference, type ListenerChange, type SavedAudit } from '../model/audit-change.ts';
import type { UnknownReason } from '../model/listener.ts';
import { severityRank } from '../model/severity.ts';

/**
 * What is different between two audits, listener by listener. The same listener is found again by its identity; else one
 * at the same place has a new owner; else one of the same owner moved from one ephemeral port to another.
 *
 * A change counts where a listener appeared, its owner is another, or a finding stands that did not. Left out of that:
 * UDP sockets on ephemeral ports without a finding of `notice` or above, which clients open and close all the time.
 */
export function compareAudits(before: SavedAudit, after: SavedAudit): AuditComparison {
  const pairs: Pair[] = [];
  let left: Sides = { before: before.listeners, after: after.listeners };
  for (const keyOf of [identityKey, placeKey, ownerKey]) left = pairUp(left, keyOf, pairs);

  const changes = [
    ...pairs.flatMap((pair) => describePair(pair) ?? []),
    ...left.after.map((listener): ListenerChange => ({ kind: 'appeared', counts: isNews(listener), before: null, after: listener, differences: [] })),
    ...left.before.map((listener): ListenerChange => ({ kind: 'vanished', counts: false, before: listener, after: null, differences: [] })),
  ].sort(byKindAndPort);
  const counts = Object.fromEntries(CHANGE_KINDS.map((kind) => [kind, changes.filter((change) => change.kind === kind).length])) as Record<ChangeKind, number>;
  const paired = changes.filter((change) => change.before !== null && change.after !== null).length;
  return {
    schema: 'portreeve/baseline-diff/v1',
    before: headOf(before),
    after: headOf(after),
    summary: { ...counts, unchanged: pairs.length - paired, counting: changes.filter((change) => change.counts).length },
    changes,
  };
}

interface Pair {
  readonly before: AuditedListener;
  readonly after: AuditedListener;
}

interface Sides {
  readonly before: readonly AuditedListener[];
  readonly after: readonly AuditedListener[];
}

type KeyOf = (listener: AuditedListener) => string | null;

const identityKey: KeyOf = ({ id }) => id;

const placeKey: KeyOf = ({ netns, protocol, address, interface: boundTo, port, ipProtocol }) => JSON.stringify([netns.name, protocol, address, boundTo, port, ipProtocol]);

/** Only where the host gave the port out: there a number means nothing. */
const ownerKey: KeyOf = (listener) => {
  if (listener.ephemeral !== true || listener.ownerKind !== 'process') return null;
  const { netns, protocol, address, interface: boundTo } = listener;
  return JSON.stringify([netns.name, protocol, address, boundTo, executables(listener), units(listener), users(listener)]);
};

/** Pairs listeners of one key in their order, and gives those left alone. */
function pairUp({ before, after }: Sides, keyOf: KeyOf, pairs: Pair[]): Sides {
  const waiting = new Map<string, AuditedListener[]>();
  for (const listener of [...before].reverse()) {
    const key = keyOf(listener);
    if (key === null) continue;
    const same = waiting.get(key);
    if (same === undefined) waiting.set(key, [listener]);
    else same.push(listener);
  }
  const found = new Set<AuditedListener>();
  const alone = after.filter((listener) => {
    const key = keyOf(listener);
    const match = key === null ? undefined : waiting.get(key)?.pop();
    if (match === undefined) return true;
    found.add(match);
    pairs.push({ before: match, after: listener });
    return false;
  });
  return { before: before.filter((listener) => !found.has(listener)), after: alone };
}

function describePair({ before, after }: Pair): ListenerChange | null {
  const owner = compareOwners(before, after);
  const rest = [...compareState(before, after), ...compareFindings(before.findings, after.findings)];
  const hasMoved = before.port !== after.port;
  if (owner.length === 0 && rest.length === 0 && !hasMoved) return null;
  const isUnseen = isOutOfSight(before) !== isOutOfSight(after);
  const isNewOwner = owner.length > 0 && !isUnseen;
  const standing = new Set(standingOf(before.findings).map(({ rule }) => rule));
  const hasNewFinding = standingOf(after.findings).some(({ rule }) => !standing.has(rule));
  return {
    kind: isNewOwner ? 'owner' : owner.length > 0 ? 'unseen' : hasMoved ? 'moved' : 'other',
    counts: isNewOwner || hasNewFinding,
    before,
    after,
    differences: [...(hasMoved ? [{ what: 'port', before: String(before.port), after: String(after.port) } as const] : []), ...owner, ...rest],
  };
}

/** `no-holder` is not among them: a listener that lost its owner before a scan that saw everything is news. */
const OUT_OF_SIGHT: ReadonlySet<string> = new Set<UnknownReason>(['no-privilege', 'process-left', 'outside-pid-namespace', 'source-limit']);

function isOutOfSight({ ownerKind, ownerNote }: AuditedListener): boolean {
  return ownerKind === 'unknown' && OUT_OF_SIGHT.has(ownerNote?.code ?? '');
}

function compareOwners(before: AuditedListener, after: AuditedListener): readonly Difference[] {
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

function compareState(before: AuditedListener, after: AuditedListener): readonly Difference[] {
  return [
    ...differ('deleted', deletedExecutables(before), deletedExecutables(after)),
    ...differ('dual-stack', [before.dualStack ? 'yes' : 'no'], [after.dualStack ? 'yes' : 'no']),
    ...(before.port === after.port ? differ('registry', [registryOf(before)], [registryOf(after)]) : []),
  ];
}

function compareFindings(before: readonly Finding[], after: readonly Finding[]): readonly Difference[] {
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

function ownerKindOf({ ownerKind, ownerNote }: AuditedListener): string {
  return ownerKind === 'process' || ownerNote === null ? ownerKind : `${ownerKind} (${ownerKind === 'kernel' ? (ownerNote.detail.split(': ', 1)[0] ?? '') : ownerNote.code})`;
}

function executables({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ exe, name }) => exe ?? name));
}

function deletedExecutables({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ exeDeleted, exe, name }) => (exeDeleted === true ? (exe ?? name) : null)));
}

/** A known path that leads to another file now is another owner; in a container it always does. */
function foreignExecutables({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ exeForeign, container, exe, name }) => (exeForeign === true && container === null ? (exe ?? name) : null)));
}

function users({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ user, uid }) => user ?? (uid === null ? null : String(uid))));
}

/** The scope of a login is another with every login, and a container has another id each time that it is made anew. */
function units({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ unit }) => unit?.replace(/^session-c?\d+\.scope$/, 'session scope').replace(CONTAINER_ID, 'ID') ?? null));
}

function containers({ owners }: AuditedListener): readonly string[] {
  return distinct(owners.map(({ container }) => container?.replace(CONTAINER_ID, 'ID') ?? null));
}

const CONTAINER_ID = /[0-9a-f]{64}|(?<![0-9a-f])[0-9a-f]{12}(?![0-9a-f])/g;

function distinct(values: readonly (string | null)[]): readonly string[] {
  return [...new Set(values)].filter((value) => value !== null && value !== '').sort() as string[];
}

function registryOf({ registry }: AuditedListener): string {
  return registry === null ? 'none' : [registry.status, registry.service].filter((part) => part !== null).join(' ');
}

function standingOf(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ excepted }) => excepted === null);
}

function isNews({ protocol, ephemeral, findings }: AuditedListener): boolean {
  if (ephemeral !== true || (protocol !== 'udp' && protocol !== 'udplite')) return true;
  return standingOf(findings).some(({ severity }) => severityRank(severity) >= severityRank('notice'));
}

function headOf({ host, startedAt, registry, coverage }: SavedAudit): AuditComparison['before'] {
  const { source, complete } = coverage;
  return { host: { name: host.name }, startedAt, registry: { source: registry.source, updated: registry.updated }, coverage: { source, complete } };
}

function byKindAndPort(one: ListenerChange, other: ListenerChange): number {
  return CHANGE_KINDS.indexOf(one.kind) - CHANGE_KINDS.indexOf(other.kind) || portOf(one) - portOf(other);
}

function portOf({ before, after }: ListenerChange): number {
  return after?.port ?? before?.port ?? -1;
}
