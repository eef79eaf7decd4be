import type { AuditedListener } from '../model/audit.ts';
import { CHANGE_KINDS, type AuditComparison, type ChangeKind, type ListenerChange, type SavedAudit } from '../model/audit-change.ts';
import { compareFindings, compareOwners, compareState, executables, isOutOfSight, standingOf, units, users } from '../model/compare-listeners.ts';
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
