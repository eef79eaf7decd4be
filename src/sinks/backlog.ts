import type { SinkConfig } from '../model/config.ts';
import type { EventReader, SinkCursor } from '../model/event.ts';
import { acceptsEvent } from './accepts-event.ts';

/** Events read at a time while counting. */
const BATCH = 128;

/**
 * How many events a sink has still to send, by its filter. What lies ahead is read once for it, and only while the receiver
 * is away: each event costs at most one more reading, whatever is tried meanwhile.
 */
export interface Backlog {
  /** Events up to this sequence are done with, `sent` of them were for this sink. */
  advance(position: number, sent: number): void;
  /** The next events, up to this sequence, were read to be sent: so many of them are for this sink. */
  see(upTo: number, wanted: number): void;
  /** Everything after `confirmed` goes again. */
  rewind(confirmed: number): void;
  /** No rewind goes back further than this. */
  settle(confirmed: number): void;
  /** What was counted ahead may be gone from the event log. */
  recount(): void;
  /** Counts the next events of the log; false where it has come to its end. */
  lookAhead(): Promise<boolean>;
  /** Exact up to where it was counted; each event after that counts as one to be sent, so that it is never too low. */
  queued(): number;
}

/** A sequence, and how many events up to there were for the sink since it started. */
interface Mark {
  readonly sequence: number;
  readonly wanted: number;
}

export function countBacklog(filter: Pick<SinkConfig, 'kinds' | 'minSeverity'>, reader: EventReader, { confirmed }: SinkCursor): Backlog {
  let marks: Mark[] = [];
  let base: Mark = { sequence: confirmed, wanted: 0 };
  let position = base;
  let counted = base;

  const settle = (sequence: number): void => {
    if (marks[0] === undefined || marks[0].sequence > sequence) return;
    base = marks.findLast((mark) => mark.sequence <= sequence) ?? base;
    marks = marks.filter((mark) => mark.sequence > sequence);
  };
  return {
    settle,
    advance(sequence, sent) {
      position = { sequence, wanted: position.wanted + sent };
      marks.push(position);
      if (counted.sequence < sequence) counted = position;
    },
    see(upTo, wanted) {
      if (counted.sequence < upTo) counted = { sequence: upTo, wanted: position.wanted + wanted };
    },
    rewind(sequence) {
      settle(sequence);
      position = base;
      marks = [];
    },
    recount() {
      counted = position;
    },
    async lookAhead() {
      const { newest } = reader;
      if (counted.sequence >= newest) return false;
      const events = await reader.readAfter(counted.sequence, BATCH);
      counted = { sequence: events.at(-1)?.sequence ?? newest, wanted: counted.wanted + events.filter((event) => acceptsEvent(filter, event)).length };
      return counted.sequence < reader.newest;
    },
    queued: () => counted.wanted - position.wanted + Math.max(0, reader.newest - counted.sequence),
  };
}
