import { join } from 'node:path';

/**
 * A file of the event log: events without a gap in their sequences, from the one in its name on. So the oldest events are
 * dropped by deleting a file, and where an event is to be found is told by the names alone.
 */
export interface Segment {
  /** Sequence of its first event, as its name says. */
  readonly first: number;
  readonly path: string;
  /** Bytes that are known to be whole lines; what lies behind is not read. */
  size: number;
  /** Sequence of its last event; `first - 1` where it has none. */
  last: number;
  /** Milliseconds since 1970: when its first event happened. Null: not known. */
  startedAt: number | null;
  /** Where to begin reading, every so many bytes. */
  readonly marks: Mark[];
  /** Offsets of lines that are no events, as far as it was read. */
  readonly damaged: Set<number>;
}

interface Mark {
  readonly sequence: number;
  readonly offset: number;
}

/** No line is shorter than 256 characters, and no segment longer than 4 MiB and one line. */
export const MOST_PER_SEGMENT = 20_480;

const BETWEEN_MARKS = 65_536;
const NAME = /^events-(\d{20})\.jsonl$/;
const ANY_NAME = /^events-(\d{20})\.jsonl/;
/** Well inside what a number holds exactly. */
const HIGHEST_SEQUENCE = 1e15;

export function createSegment(folder: string, first: number): Segment {
  return { first, path: join(folder, `events-${String(first).padStart(20, '0')}.jsonl`), size: 0, last: first - 1, startedAt: null, marks: [], damaged: new Set() };
}

/** The sequence in a segment's name, or null for the name of something else. */
export function firstSequenceOf(name: string): number | null {
  return plausible(NAME.exec(name)?.[1]);
}

/** The sequence in the name of a segment, also of one that was set aside. */
export function anyFirstSequenceOf(name: string): number | null {
  return plausible(ANY_NAME.exec(name)?.[1]);
}

function plausible(digits: string | undefined): number | null {
  const first = Number(digits ?? NaN);
  return first >= 1 && first <= HIGHEST_SEQUENCE ? first : null;
}

/** Whether an event can have this sequence in this segment, behind one that has the previous. */
export function belongsTo({ first }: Segment, sequence: number, previous: number): boolean {
  return sequence > previous && sequence >= first && sequence < first + MOST_PER_SEGMENT;
}

export function markLine(segment: Segment, sequence: number, offset: number): void {
  const last = segment.marks.at(-1);
  if (last === undefined || (offset >= last.offset + BETWEEN_MARKS && sequence > last.sequence)) segment.marks.push({ sequence, offset });
}

/** The last mark at or before an event: where to begin, and which sequence is found there. */
export function findMark({ marks, first }: Segment, sequence: number): Mark {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const mark = marks[middle];
    if (mark !== undefined && mark.sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return marks[low - 1] ?? { sequence: first, offset: 0 };
}
