import { lstat, readdir } from 'node:fs/promises';
import type { EventReader } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { readLines } from './read-segment.ts';
import { readSegments } from './read-segments.ts';
import { sequenceOfLine } from './event-line.ts';
import { belongsTo, createSegment, firstSequenceOf, type Segment } from './segment.ts';

/**
 * Reads an event log that somebody else may be writing, as it is now, and changes nothing. A line without its end is not
 * read: it may be half of one.
 * @throws Error of the system where the folder cannot be read
 */
export async function openEventReader({ folder, logger }: { readonly folder: string; readonly logger: Logger }): Promise<EventReader> {
  const firsts = (await readdir(folder)).map(firstSequenceOf).filter((first) => first !== null).sort((one, other) => one - other);
  const segments: Segment[] = [];
  for (const first of firsts) {
    const segment = createSegment(folder, first);
    // One that is deleted meanwhile was the oldest.
    const found = await lstat(segment.path).catch(() => null);
    if (found?.isFile() !== true) continue;
    segment.size = found.size;
    segments.push(segment);
  }
  for (const [index, segment] of segments.entries()) segment.last = (segments[index + 1]?.first ?? (await findLast(segment)) + 1) - 1;
  const newest = segments.at(-1)?.last ?? 0;
  return {
    newest,
    oldest: segments[0]?.first ?? newest + 1,
    readAfter: (after, limit) => readSegments({ segments, after, upTo: newest, limit, logger }),
  };
}

async function findLast(segment: Segment): Promise<number> {
  let last = segment.last;
  segment.size = await readLines(segment.path, 0, segment.size, (line) => {
    const sequence = line === null ? null : sequenceOfLine(line);
    if (sequence !== null && belongsTo(segment, sequence, last)) last = sequence;
    return true;
  });
  return last;
}
