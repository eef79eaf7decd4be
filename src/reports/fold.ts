import type { AuditedListener } from '../model/audit.ts';

/** Listeners that one line of the table stands for; one, unless they were folded. */
export interface Fold {
  readonly listeners: readonly [AuditedListener, ...AuditedListener[]];
  /** What the folded listeners differ in; null for a single one. */
  readonly over: 'ports' | 'addresses' | null;
}

/** So many alike are still read one by one. */
const MOST_ALIKE = 8;

/**
 * Folds listeners that differ in nothing but the port, then those that differ in nothing but the address (a name server
 * binds every address of a router), where there are more than eight. What decides a listener's fate is never folded
 * away: all of a fold share owner, exposure, registry status and findings. Order is kept; a fold stands where its
 * first listener stood.
 */
export function foldListeners(listeners: readonly AuditedListener[]): Fold[] {
  const single = listeners.map((listener): Fold => ({ listeners: [listener], over: null }));
  return foldOver(foldOver(single, 'ports'), 'addresses');
}

function foldOver(folds: readonly Fold[], over: 'ports' | 'addresses'): Fold[] {
  const groups = new Map<string, [AuditedListener, ...AuditedListener[]]>();
  const keys = folds.map((fold) => {
    const [listener] = fold.listeners;
    if (fold.over !== null || listener.port === null) return null;
    const key = alikeKey(listener, over);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [listener]);
    else group.push(listener);
    return key;
  });

  const folded: Fold[] = [];
  for (const [index, fold] of folds.entries()) {
    const alike = groups.get(keys[index] ?? '');
    if (alike === undefined || alike.length <= MOST_ALIKE) folded.push(fold);
    else if (alike[0] === fold.listeners[0]) folded.push({ listeners: alike, over });
  }
  return folded;
}

function alikeKey(listener: AuditedListener, over: 'ports' | 'addresses'): string {
  const { protocol, scope, dualStack, netns, registry } = listener;
  return JSON.stringify([
    protocol, scope, dualStack, netns.inode, netns.name, registry?.status,
    over === 'ports' ? [listener.address, listener.interface] : listener.port,
    // Who is unknown may be anyone: there, the service name is all that tells two ports apart.
    over === 'ports' && listener.ownerKind === 'unknown' ? registry?.service : null,
    ownerKey(listener),
    listener.findings.map((finding) => [finding.rule, finding.severity, finding.excepted?.id]),
  ]);
}

/** Owners without their pids: five hundred workers of one program are one owner to a reader. */
function ownerKey({ ownerKind, ownerNote, owners, activation, socketUid }: AuditedListener): unknown {
  if (ownerKind !== 'process') return [ownerKind, ownerNote?.code, ownerNote?.detail, socketUid, activation];
  const kinds = owners.map(({ name, exe, exeDeleted, exeReplaced, exeForeign, script, uid, user, unit, container }) =>
    JSON.stringify([name, exe, exeDeleted, exeReplaced, exeForeign, script, uid, user, unit, container]),
  );
  return [...new Set(kinds)].sort().concat(JSON.stringify([activation, ownerNote?.detail]));
}
