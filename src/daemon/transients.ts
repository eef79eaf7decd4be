import type { Owner } from '../model/listener.ts';
import type { Family, Protocol } from '../model/socket.ts';

/** An address as both the kernel's events and the sockets of a look have it. */
export interface Place {
  readonly protocol: Protocol;
  readonly family: Family;
  readonly address: string;
  readonly port: number;
}

/** A listener that opened, by the kernel's own word, and what could be read of its process at once. */
export interface Opening extends Place {
  /** Pid of who called listen(2); null where it is not one of this PID namespace. */
  readonly pid: number | null;
  /** The kernel's name of that process. */
  readonly name: string;
  /** The process as it was a moment later; null where it had left by then. */
  readonly owner: Owner | null;
  /** Milliseconds on the steady clock. */
  readonly at: number;
}

/** An opening that no look ever showed, and how long the listener lived; null where its end was not heard. */
export interface Passing {
  readonly opening: Opening;
  readonly livedMs: number | null;
}

export interface Transients {
  opened(opening: Opening): void;
  /** Says whether the close belonged to an opening that no look has shown. */
  closed(place: Place, pid: number | null, at: number): boolean;
  /**
   * To be called after each look with the listeners that were new in it. Gives the openings that came and went unseen.
   * One that was neither seen nor heard to close is kept for a while: its namespace may not be known yet.
   */
  settle(appeared: readonly Place[], now: number): readonly Passing[];
  /** Openings that are neither seen nor closed: a reason to look for namespaces that are not known yet. */
  readonly unexplained: number;
  /** Openings that were passed over for want of room, since the last call. */
  takeOverflow(): number;
}

/** How long an opening may stay unexplained. Milliseconds. */
const PATIENCE = 5_000;
/** Openings kept at most: a storm is counted, not collected. */
const MOST_PENDING = 10_000;

/**
 * Matches the kernel's openings and closings with what the looks show: what opened and is in the next look was seen, and
 * is the alerts' business from there; what closed before it is a transient. The events carry no namespace, so that two
 * sockets of one address in two namespaces can be taken for each other: a close goes to the opening of the same pid
 * first, then to the oldest.
 */
export function createTransients(): Transients {
  let pending: Opening[] = [];
  let finished: Passing[] = [];
  let overflow = 0;
  return {
    opened(opening) {
      if (pending.length + finished.length >= MOST_PENDING) overflow += 1;
      else pending.push(opening);
    },
    closed(place, pid, at) {
      const key = keyOf(place);
      const candidates = pending.filter((opening) => keyOf(opening) === key);
      const opening = candidates.find((candidate) => candidate.pid !== null && candidate.pid === pid) ?? candidates[0];
      if (opening === undefined) return false;
      pending = pending.filter((each) => each !== opening);
      finished.push({ opening, livedMs: Math.max(0, at - opening.at) });
      return true;
    },
    settle(appeared, now) {
      const seen = new Map<string, number>();
      for (const place of appeared) seen.set(keyOf(place), (seen.get(keyOf(place)) ?? 0) + 1);
      const isSeen = (place: Place): boolean => {
        const left = seen.get(keyOf(place)) ?? 0;
        if (left > 0) seen.set(keyOf(place), left - 1);
        return left > 0;
      };
      // The newest first: what is still open when the look comes is what opened last.
      const unseen = [...pending].reverse().filter((opening) => !isSeen(opening)).reverse();
      const passed = finished.filter(({ opening }) => !isSeen(opening));
      const lost = unseen.filter(({ at }) => now - at > PATIENCE).map((opening): Passing => ({ opening, livedMs: null }));
      pending = unseen.filter(({ at }) => now - at <= PATIENCE);
      finished = [];
      return [...passed, ...lost];
    },
    get unexplained() {
      return pending.length;
    },
    takeOverflow() {
      const count = overflow;
      overflow = 0;
      return count;
    },
  };
}

function keyOf({ protocol, family, address, port }: Place): string {
  return `${protocol}/${family}/${address}/${port}`;
}
