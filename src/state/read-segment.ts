import { isAscii } from 'node:buffer';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { PortreeveEvent } from '../model/event.ts';
import { MOST_LINE, parseEventLine, sequenceOfLine } from './event-line.ts';
import { belongsTo, findMark, markLine, type Segment } from './segment.ts';

/** Who reads on wants about 256 KiB at a time; what a chunk holds beyond that is read in vain. */
const CHUNK = 131_072;
const LINE_FEED = 10;
/** A damaged segment is told of by the number of its bad lines, up to here. */
const MOST_DAMAGED = 10_000;

export interface SegmentRead {
  /** Events after this sequence ... */
  readonly after: number;
  /** ... up to this one. */
  readonly upTo: number;
  /** Gets each, in order; false ends the reading. */
  readonly take: (event: PortreeveEvent, characters: number) => boolean;
}

/**
 * Reads the events of a segment in order, from the last known place before the first that is wanted. A line that is no
 * event, or whose sequence has no place here, is noted in the segment and passed over.
 * @throws Error of the system
 */
export async function readSegment(segment: Segment, { after, upTo, take }: SegmentRead): Promise<void> {
  const mark = findMark(segment, after + 1);
  let previous = mark.sequence - 1;
  await readLines(segment.path, mark.offset, segment.size, (line, offset) => {
    // Before the first that is wanted, its sequence is all that a line is asked for.
    const told = line === null || previous >= after ? null : sequenceOfLine(line);
    if (told !== null && told <= after && belongsTo(segment, told, previous)) {
      previous = told;
      markLine(segment, told, offset);
      return true;
    }
    const event = line === null ? null : parseEventLine(line);
    if (line === null || event === null || !belongsTo(segment, event.sequence, previous)) {
      if (segment.damaged.size < MOST_DAMAGED) segment.damaged.add(offset);
      return true;
    }
    previous = event.sequence;
    markLine(segment, event.sequence, offset);
    if (event.sequence <= after) return true;
    return event.sequence <= upTo && take(event, line.length);
  });
}

/**
 * Calls `take` for each whole line between two offsets, without its end, until it gives false; null for a line longer than
 * any of ours. Gives the offset behind the last whole line.
 * @throws Error of the system
 */
export async function readLines(path: string, from: number, to: number, take: (line: string | null, offset: number) => boolean): Promise<number> {
  // Neither a symbolic link nor a pipe that someone put there holds it up.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    let buffer = Buffer.allocUnsafe(Math.max(Math.min(CHUNK, to - from), 1));
    /** Bytes of a line that goes on in the next chunk: the first ones of the buffer. */
    let begun = 0;
    let lineAt = from;
    let position = from;
    let isTooLong = false;
    while (position < to) {
      const { bytesRead } = await handle.read(buffer, begun, Math.min(buffer.length - begun, to - position), position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const chunk = buffer.subarray(0, begun + bytesRead);
      // What we write is ASCII, and Latin-1 is read at a third of the cost. What was edited by hand may be UTF-8.
      const encoding = isAscii(chunk) ? 'latin1' : 'utf8';
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED, begun); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        const line = isTooLong || end - start >= MOST_LINE ? null : chunk.toString(encoding, start, end);
        const offset = lineAt;
        isTooLong = false;
        start = end + 1;
        lineAt = position - chunk.length + start;
        if (!take(line, offset)) return lineAt;
      }
      isTooLong ||= chunk.length - start >= MOST_LINE;
      begun = isTooLong ? 0 : chunk.length - start;
      // Room for more of the line: in a buffer of twice the size where it fills this one.
      const next = begun === buffer.length ? Buffer.allocUnsafe(2 * buffer.length) : buffer;
      buffer.copy(next, 0, start, start + begun);
      buffer = next;
    }
    return lineAt;
  } finally {
    await handle.close();
  }
}
