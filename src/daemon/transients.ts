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
   * @param appeared those of them that the look before did not show
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

/**
 * Matches the kernel's openings and closings with what the looks show: what opened and is in the next look was seen, and
 * is the alerts' business from there; what closed before it is a transient. The events carry no namespace: an opening in
 * one that no look reaches counts as seen where another namespace has a listener of the same address.
 */
export function createTransients(): Transients {
  const pending = new Map<bigint, Opening>();
  let finished: { readonly passing: Passing; readonly closedAt: bigint }[] = [];
  let overflow = 0;
  return {
    opened(socket, opening) {
      if (pending.size + finished.length >= MOST_PENDING) overflow += 1;
      else pending.set(socket, opening);
    },
    closed(socket, port, timestamp) {
      const opening = pending.get(socket);
      if (opening === undefined) return;
      pending.delete(socket);
      const livedMs = Math.max(0, Number(timestamp - opening.timestamp) / NS_PER_MS);
      finished.push({ passing: { ...opening, port: opening.port ?? port ?? 0, livedMs }, closedAt: timestamp });
    },
    settle(listening, appeared, begunAt) {
      // What closed while the look was under way may be in it, and is not told twice.
      const caught = new Set([...appeared].map(keyOf));
      const passed = finished.filter(({ passing, closedAt }) => closedAt <= begunAt || !caught.delete(keyOf(passing))).map(({ passing }) => passing);
      finished = [];
      if (pending.size === 0) return passed;
      const places = new Set([...listening].flatMap((place) => [keyOf(place), keyOf({ ...place, port: null })]));
      for (const [socket, opening] of pending) {
        // What opened after the look began may have been missed by it.
        if (places.has(keyOf(opening))) pending.delete(socket);
        else if (begunAt - opening.timestamp > PATIENCE) {
          pending.delete(socket);
          passed.push({ ...opening, port: opening.port ?? 0, livedMs: null });
        }
      }
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
