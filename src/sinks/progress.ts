import type { SinkCursor } from '../model/event.ts';

/**
 * How far one sink has got. Three places in the event log, `confirmed <= position`, `position <= attempted` as soon as
 * anything was sent: up to `confirmed` nothing is sent again; what lies between it and `position` was handed to the
 * connection, and goes again when that ends badly; up to `attempted` an event is a possible duplicate.
 *
 * Where sending is no proof, an event passes two gates. The receiver proves that it read it, by closing its side after we
 * closed ours; asked for when the oldest unproven event is `resend` old. Then it has `resend` more to store what it read:
 * should it fail in that time, those events go again.
 */
export interface Progress {
  readonly position: number;
  /** As it is to be kept on disk. */
  readonly cursor: SinkCursor;
  /** When the receiver is to be asked for proof; null where nothing is unproven. On the steady clock, as all times here. */
  readonly askAt: number | null;
  /** When what was proven counts as stored. */
  readonly settleAt: number | null;
  isPossibleDuplicate(sequence: number): boolean;
  /** Sending of events up to this one begins. */
  attempt(upTo: number): void;
  /** It ended, and none beyond this one can have gone out. */
  attemptEnded(upTo: number): void;
  /** Events up to this one were taken. */
  take(upTo: number, proven: boolean, now: number): void;
  /** Events up to this one are not for this sink, or gone. */
  pass(upTo: number): void;
  /** The receiver has read everything so far. */
  prove(now: number): void;
  /** Confirms what was proven long enough ago; true where that moved the cursor. */
  settle(now: number): boolean;
  /** The end: what the receiver read is confirmed without waiting. */
  confirmAll(): void;
  /** The connection ended badly: everything unconfirmed goes again. */
  rewind(): void;
}

export function trackProgress(start: SinkCursor, resend: number): Progress {
  let { confirmed, attempted } = start;
  let attemptedBefore = attempted;
  let position = confirmed;
  let unprovenSince: number | null = null;
  let proven: { readonly upTo: number; readonly at: number }[] = [];

  const confirmWhereNothingIsOpen = (): void => {
    if (unprovenSince === null && proven.length === 0) confirmed = position;
  };
  return {
    get position() {
      return position;
    },
    get cursor() {
      return { confirmed, attempted: Math.max(confirmed, attempted) };
    },
    get askAt() {
      return unprovenSince === null ? null : unprovenSince + resend;
    },
    get settleAt() {
      const [first] = proven;
      return first === undefined ? null : first.at + resend;
    },
    isPossibleDuplicate: (sequence) => sequence <= attempted,
    attempt(upTo) {
      attemptedBefore = attempted;
      attempted = Math.max(attempted, upTo);
    },
    attemptEnded(upTo) {
      attempted = Math.max(attemptedBefore, upTo);
    },
    take(upTo, isProven, now) {
      position = upTo;
      if (!isProven) unprovenSince ??= now;
      confirmWhereNothingIsOpen();
    },
    pass(upTo) {
      position = upTo;
      confirmWhereNothingIsOpen();
    },
    prove(now) {
      if (unprovenSince === null) return;
      unprovenSince = null;
      proven.push({ upTo: position, at: now });
    },
    settle(now) {
      const settled = proven.filter(({ at }) => at + resend <= now).at(-1);
      if (settled === undefined) return false;
      proven = proven.filter(({ upTo }) => upTo > settled.upTo);
      confirmed = settled.upTo;
      confirmWhereNothingIsOpen();
      return true;
    },
    confirmAll() {
      unprovenSince = null;
      proven = [];
      confirmed = position;
    },
    rewind() {
      unprovenSince = null;
      proven = [];
      position = confirmed;
    },
  };
}
