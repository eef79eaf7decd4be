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
export interface Opening {
  readonly protocol: Protocol;
  readonly family: Family;
  readonly address: string;
  /** Null where the kernel picks it after the event. */
  readonly port: number | null;
  /** Thread that called listen(2); null where its number means nothing here. */
  readonly thread: number | null;
  /** The process as it was a moment later; null where it had left by then. */
  readonly caller: Owner | null;
  /** Nanoseconds of CLOCK_MONOTONIC. */
  readonly timestamp: bigint;
}

/** An opening that no look ever showed. */
export interface Passing extends Opening, Place {
  readonly port: number;
  /** How long the listener lived; null where its end was not heard. */
  readonly livedMs: number | null;
}

export interface Transients {
  opened(socket: bigint, opening: Opening): void;
  closed(socket: bigint, port: number | null, timestamp: bigint): void;
  /**
   * To be called after each look, with what listens now. Gives the openings that came and went unseen. One that is
   * neither seen nor heard to close is kept for a while: its namespace may not be known yet.
   * @param appeared those of them of whose sockets the look before showed none: each is one opening that the look tells
   * @param begunAt nanoseconds of CLOCK_MONOTONIC at which the look began
   */
  settle(listening: Iterable<Place>, appeared: Iterable<Place>, begunAt: bigint): readonly Passing[];
  /** Openings that are neither seen nor closed: a reason to look for namespaces that are not known yet. */
  readonly unexplained: number;
  /** Openings that were passed over for want of room, since the last call. */
  takeOverflow(): number;
}

/** How long an opening may stay unexplained. Nanoseconds. */
const PATIENCE = 5_000_000_000n;
/** Openings kept at most: a storm is counted, not collected. */
const MOST_PENDING = 10_000;
const NS_PER_MS = 1e6;

/** An opening whose end was not heard yet. */
interface Pending {
  readonly opening: Opening;
  /** Closed while the look was under way that may have shown this one in its stead: one of the two is told by that look. */
  readonly rival: Passing | null;
  /** It was there at the last look, which may have shown it. */
  readonly waited: boolean;
}

/**
 * Matches the kernel's openings and closings with what the looks show, so that each opening is told once: by the look that
 * shows it first, or as passing. What opens and closes while a look is under way may be in it or not; where two of one
 * address did, the next look tells which it was. The events carry no namespace: an opening in one that no look reaches
 * counts as seen where another namespace has a listener of the same address.
 */
export function createTransients(): Transients {
  const pending = new Map<bigint, Pending>();
  let finished: (Omit<Pending, 'opening'> & { readonly passing: Passing; readonly closedAt: bigint })[] = [];
  /** What the last look told that belongs to no opening yet: the event of one that is given its port has none. */
  let unclaimed = tally([]);
  let overflow = 0;
  return {
    opened(socket, opening) {
      if (pending.size + finished.length >= MOST_PENDING) overflow += 1;
      else pending.set(socket, { opening, rival: null, waited: false });
    },
    closed(socket, port, timestamp) {
      const held = pending.get(socket);
      if (held === undefined) return;
      pending.delete(socket);
      const { opening, rival, waited } = held;
      const livedMs = Math.max(0, Number(timestamp - opening.timestamp) / NS_PER_MS);
      finished.push({ passing: { ...opening, port: opening.port ?? port ?? 0, livedMs }, rival, waited, closedAt: timestamp });
    },
    settle(listening, appeared, begunAt) {
      const shown = tally(appeared);
      const places = pending.size === 0 ? null : new Set([...listening].flatMap((place) => [keyOf(place), keyOf({ ...place, port: null })]));
      const passed: Passing[] = [];
      const later: [socket: bigint, opening: Opening][] = [];
      for (const [socket, { opening, rival }] of pending) {
        const key = keyOf(opening);
        if (opening.timestamp > begunAt) later.push([socket, opening]);
        else if (places?.has(key) === true) {
          pending.delete(socket);
          // Where the socket is not new to this look, the look before had shown it, and not its rival.
          if (!shown.take(key) && rival !== null) passed.push(rival);
        } else if (begunAt - opening.timestamp > PATIENCE) {
          pending.delete(socket);
          passed.push({ ...opening, port: opening.port ?? 0, livedMs: null });
        }
      }
      const caught = new Map<string, Passing>();
      for (const { passing, rival, waited, closedAt } of finished) {
        const key = keyOf(passing);
        if (waited && rival === null && unclaimed.take(key)) continue;
        if (closedAt > begunAt && shown.take(key)) caught.set(key, passing);
        else passed.push(passing);
      }
      for (const [socket, opening] of later) {
        const key = keyOf(opening);
        if (shown.take(key)) pending.delete(socket);
        else pending.set(socket, { opening, rival: caught.get(key) ?? null, waited: true });
        caught.delete(key);
      }
      finished = [];
      unclaimed = shown;
      return passed;
    },
    get unexplained() {
      return pending.size;
    },
    takeOverflow() {
      const count = overflow;
      overflow = 0;
      return count;
    },
  };
}

function keyOf({ protocol, family, address, port }: Omit<Place, 'port'> & { readonly port: number | null }): string {
  return `${protocol}/${family}/${address}/${port ?? ''}`;
}

interface Tally {
  /** Whether there was one left. */
  take(key: string): boolean;
}

function tally(places: Iterable<Place>): Tally {
  const counts = new Map<string, number>();
  for (const place of places) counts.set(keyOf(place), (counts.get(keyOf(place)) ?? 0) + 1);
  return {
    take(key) {
      const count = counts.get(key) ?? 0;
      if (count > 0) counts.set(key, count - 1);
      return count > 0;
    },
  };
}
