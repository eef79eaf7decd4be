import type { AuditedListener } from '../model/audit.ts';
import type { PortreeveEvent } from '../model/event.ts';
import type { PortHistory, Tenure } from '../model/history.ts';

type Open = { -readonly [Key in keyof Tenure]: Tenure[Key] };

/** A port that changes hands more often is told by its first owner and its last ones. */
const MOST_TENURES = 200;

/**
 * Who held a port, and when, from all its events, in order. Owners who follow themselves at a place (a restart, a service
 * that flaps) are one tenure. A look that could not name the owner ends none: nothing is known to have changed.
 */
export async function tracePort(events: AsyncIterable<PortreeveEvent>, { port, protocol }: Pick<PortHistory, 'port' | 'protocol'>): Promise<PortHistory> {
  const tenures: Open[] = [];
  /** The last tenure of each place. */
  const last = new Map<string, Open>();
  let omitted = 0;

  const begin = (listener: AuditedListener, from: string, wasThere: boolean): Open => {
    const tenure: Open = { listener, from, since: from, until: null, openings: 1, wasThere };
    tenures.push(tenure);
    last.set(placeOf(listener), tenure);
    if (tenures.length > MOST_TENURES) {
      const [dropped] = tenures.splice(1, 1);
      omitted += 1;
      if (dropped !== undefined && last.get(placeOf(dropped.listener)) === dropped) last.delete(placeOf(dropped.listener));
    }
    return tenure;
  };

  /** Notes that a listener was there from a moment on; gives its tenure. */
  const hold = (listener: AuditedListener, from: string, at: string, wasThere: boolean): Open => {
    const current = last.get(placeOf(listener));
    if (current === undefined) return begin(listener, from, wasThere);
    if (isSameOwner(current.listener, listener)) {
      if (current.until !== null) Object.assign(current, { since: from > current.until ? from : at, until: null, openings: current.openings + 1 });
      if (isOwnerKnown(listener)) current.listener = listener;
      return current;
    }
    // The one before it may have been seen to leave.
    current.until ??= at;
    return begin(listener, at, false);
  };

  /** Notes that it left; one that is known to have left before did not come back by it. */
  const leave = (listener: AuditedListener, from: string, at: string): void => {
    const current = last.get(placeOf(listener));
    const isGone = typeof current?.until === 'string' && isSameOwner(current.listener, listener);
    if (!isGone) hold(listener, from, at, false).until = at;
  };

  for await (const { kind, listener, alert, detail, time } of events) {
    if (listener?.port !== port || (protocol !== null && listener.protocol !== protocol)) continue;
    switch (kind) {
      case 'opened':
      case 'listening':
      case 'reminder':
        hold(listener, earlier(alert?.openedAt, time), time, detail['atStart'] === true);
        break;
      case 'changed':
        hold(listener, time, time, false);
        break;
      case 'resolved':
        if (alert === null || alert.resolution === 'closed') leave(listener, earlier(alert?.openedAt, time), time);
        else hold(listener, earlier(alert.openedAt, time), time, false);
        break;
      case 'closed':
        leave(listener, time, time);
        break;
      case 'transient': {
        const lived = typeof detail['livedMs'] === 'number' ? Math.min(Math.max(detail['livedMs'], 0), Date.parse(time)) : 0;
        hold(listener, new Date(Date.parse(time) - lived).toISOString(), time, false).until = time;
        break;
      }
      default:
        break;
    }
  }
  return { port, protocol, tenures: [...tenures].sort((one, other) => (one.from < other.from ? -1 : one.from > other.from ? 1 : 0)), omitted };
}

/** A clock that was set back makes no listener older than the event that tells of it. */
function earlier(openedAt: string | undefined, time: string): string {
  return openedAt !== undefined && openedAt < time ? openedAt : time;
}

function placeOf({ netns, protocol, address, interface: boundTo }: AuditedListener): string {
  return JSON.stringify([netns.name ?? netns.inode, protocol, address, boundTo]);
}

function isOwnerKnown({ ownerKind }: AuditedListener): boolean {
  return ownerKind !== 'unknown';
}

function isSameOwner(one: AuditedListener, other: AuditedListener): boolean {
  return !isOwnerKnown(one) || !isOwnerKnown(other) || ownersOf(one) === ownersOf(other);
}

/** Who holds it, without what a restart changes. */
function ownersOf({ ownerKind, ownerNote, owners, activation }: AuditedListener): string {
  const each = owners.map(({ exe, name, user, uid, unit, container }) => JSON.stringify([exe ?? name, user ?? uid, unit, container]));
  return JSON.stringify([ownerKind, ownerKind === 'kernel' ? ownerNote?.detail : null, activation?.unit, ...new Set(each.sort())]);
}
