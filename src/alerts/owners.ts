import type { AuditedListener } from '../model/audit.ts';
import { isOutOfSight, lastingContainer, lastingUnit, ownerKindOf } from '../model/compare-listeners.ts';
import type { Owner } from '../model/listener.ts';

/**
 * Who is known to hold a listener, over time: one mark for each different owner. Owners that came beside the first stay
 * in it when they leave again, so that a child that comes and goes is news once.
 */
export interface KnownOwners {
  readonly marks: ReadonlySet<string>;
  /** False while only the likeliest processes were asked. */
  readonly isComplete: boolean;
  /** How many sockets they held: whoever comes with one more was not there before. */
  readonly sockets: number;
  /** The listener when this was last learned. */
  readonly seen: AuditedListener;
}

/**
 * `same`: all were known. `learned`: others are known now, and nothing says that they were not there before, or that they
 * can do more. `joined`: another one holds it too. `replaced`: none of those that were known holds it.
 */
export type OwnerVerdict = 'same' | 'learned' | 'joined' | 'replaced';

/** More than that on one listener are not told apart. */
const MOST_MARKS = 64;

/** What lasts of each owner over restarts: executable, unit, container, user. Empty where none could be read. */
export function markOwners(listener: AuditedListener): readonly string[] {
  const { ownerKind, activation, owners } = listener;
  if (activation !== null) return [`socket unit ${activation.unit}`];
  if (ownerKind === 'process') return [...new Set(owners.flatMap((owner) => markOwner(owner) ?? []))];
  return isOutOfSight(listener) || listener.ownerNote === null ? [] : [ownerKindOf(listener)];
}

/** Null where what matters could not be read: nothing is known then to be another. */
function markOwner(owner: Owner): string | null {
  if (owner.exe === null || owner.uid === null) return null;
  return JSON.stringify([owner.exe, owner.container === null && owner.exeForeign === true, lastingUnit(owner), lastingContainer(owner), owner.user ?? owner.uid]);
}

/** A mark without its user. */
function kinOf(mark: string): string {
  return mark.slice(0, mark.lastIndexOf(','));
}

export function knowOwners(listener: AuditedListener): KnownOwners {
  return { marks: new Set(markOwners(listener)), isComplete: listener.ownersComplete !== false, sockets: listener.sockets, seen: listener };
}

/**
 * Judges who holds a listener now against who is known to have held it. The kernel lets only sockets of one user share a
 * port (socket(7), SO_REUSEPORT), so that the same program as another user beside the known one is a child that inherited
 * the socket and gave up rights: learned, not news. Another program that comes with a socket of its own is news even while
 * not all processes were asked, as they never are when a socket is new.
 */
export function judgeOwners(known: KnownOwners, listener: AuditedListener): OwnerVerdict {
  const now = markOwners(listener);
  if (now.every((mark) => known.marks.has(mark))) return 'same';
  if (known.marks.size === 0) return 'learned';
  const kin = new Set([...known.marks].map(kinOf));
  const isWhole = known.isComplete && listener.ownersComplete !== false;
  if (!now.some((mark) => known.marks.has(mark) || (!isWhole && kin.has(kinOf(mark))))) return 'replaced';
  if ((isWhole || listener.sockets > known.sockets) && now.some((mark) => !kin.has(kinOf(mark)))) return 'joined';
  return known.marks.size < MOST_MARKS ? 'learned' : 'same';
}

/** What is known after that sight. */
export function learnOwners(known: KnownOwners, listener: AuditedListener, verdict: OwnerVerdict): KnownOwners {
  if (verdict === 'replaced' || known.marks.size === 0) return knowOwners(listener);
  const isComplete = known.isComplete || listener.ownersComplete !== false;
  // The owner of one that came may be found only later.
  const sockets = verdict !== 'same' || listener.ownersComplete !== false ? listener.sockets : Math.min(known.sockets, listener.sockets);
  if (verdict === 'same' && isComplete === known.isComplete && sockets === known.sockets) return known;
  return { marks: new Set([...known.marks, ...markOwners(listener)].slice(0, MOST_MARKS)), isComplete, sockets, seen: verdict === 'same' ? known.seen : listener };
}
