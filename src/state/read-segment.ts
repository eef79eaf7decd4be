import { isAscii } from 'node:buffer';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { PortreeveEvent } from '../model/event.ts';
import { MOST_LINE, parseEventLine, sequenceOfLine } from './event-line.ts';
import { belongsTo, findMark, markLine, type Segment } from './segment.ts';

const CHUNK = 262_144;
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
    const told = line === null ? null : sequenceOfLine(line);
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
    const chunk = Buffer.allocUnsafe(Math.max(Math.min(CHUNK, to - from), 1));
    let rest = '';
    let restAt = from;
    let position = from;
    let isTooLong = false;
    // As Latin-1 a character is a byte. What we write is ASCII; what was edited by hand may be UTF-8.
    let isPlain = true;
    while (position < to) {
      const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, to - position), position);
      if (bytesRead === 0) break;
      position += bytesRead;
      const text = rest + chunk.toString('latin1', 0, bytesRead);
      isPlain = isAscii(chunk.subarray(0, bytesRead)) && (isPlain || rest === '');
      let start = 0;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
        const line = isTooLong || end - start >= MOST_LINE ? null : isPlain ? text.slice(start, end) : Buffer.from(text.slice(start, end), 'latin1').toString('utf8');
        const offset = isTooLong ? restAt : position - text.length + start;
        isTooLong = false;
        start = end + 1;
        restAt = position - text.length + start;
        if (!take(line, offset)) return restAt;
      }
      rest = isTooLong ? '' : text.slice(start);
      if (rest.length >= MOST_LINE) {
        isTooLong = true;
        rest = '';
      }
    }
    return restAt;
  } finally {
    await handle.close();
  }
}
