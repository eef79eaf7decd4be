import type { PortreeveEvent } from '../model/event.ts';
import type { EventLine } from './event-line.ts';

/** The newest events: those that a sink which keeps up asks for, and those that the disk has not taken yet. */
export interface EventMemory {
  /** Every event after this sequence that there is, is here. */
  readonly coversAfter: number;
  /** Sequence of the oldest event here; null where there is none. */
  readonly oldest: number | null;
  /** Not on disk yet, oldest first. */
  unwritten(): readonly EventLine[];
  add(lines: readonly EventLine[]): void;
  /** The oldest so many unwritten are on disk now. */
  markWritten(count: number): void;
  /** Lets go of what is on disk and over the bounds, but of nothing after that sequence. */
  forgetWritten(upTo: number): void;
  /** Drops the oldest of what is not on disk and over the bounds, but not the first so many, which are being written; gives how many. */
  dropUnwritten(inFlight: number): number;
  /** At most `limit` events after one sequence, up to another. */
  readBetween(after: number, upTo: number, limit: number): readonly PortreeveEvent[];
}

const KEPT = { events: 2000, characters: 4 << 20 };
const UNWRITTEN = { events: 10_000, characters: 16 << 20 };

export function createEventMemory(newest: number): EventMemory {
  /** In the order of their sequences; the first `written` of them are on disk. */
  const lines: EventLine[] = [];
  let written = 0;
  let writtenCharacters = 0;
  let unwrittenCharacters = 0;
  let coversAfter = newest;

  /** Index of the first event after a sequence. */
  const indexAfter = (sequence: number): number => {
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((lines[middle]?.event.sequence ?? Infinity) <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get coversAfter() {
      return coversAfter;
    },
    get oldest() {
      return lines[0]?.event.sequence ?? null;
    },
    unwritten: () => lines.slice(written),
    add(more) {
      for (const line of more) {
        lines.push(line);
        unwrittenCharacters += line.line.length;
      }
    },
    markWritten(count) {
      for (const { line } of lines.slice(written, written + count)) {
        unwrittenCharacters -= line.length;
        writtenCharacters += line.length;
      }
      written += count;
    },
    forgetWritten(upTo) {
      let count = 0;
      for (const { event, line } of lines) {
        const isOver = written - count > KEPT.events || writtenCharacters > KEPT.characters;
        if (!isOver || count >= written || event.sequence > upTo) break;
        count += 1;
        writtenCharacters -= line.length;
        coversAfter = event.sequence;
      }
      if (count > 0) lines.splice(0, count);
      written -= count;
    },
    dropUnwritten(inFlight) {
      const start = written + inFlight;
      let count = 0;
      while (start + count < lines.length && (lines.length - written - count > UNWRITTEN.events || unwrittenCharacters > UNWRITTEN.characters)) {
        unwrittenCharacters -= lines[start + count]?.line.length ?? 0;
        count += 1;
      }
      if (count > 0) lines.splice(start, count);
      return count;
    },
    readBetween(after, upTo, limit) {
      const start = indexAfter(after);
      const end = Math.min(indexAfter(upTo), start + Math.max(limit, 0));
      return lines.slice(start, end).map(({ event }) => event);
    },
  };
}
