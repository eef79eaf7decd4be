import type { PortreeveEvent } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { codeOf } from './error-code.ts';
import { readSegment } from './read-segment.ts';
import type { Segment } from './segment.ts';

export interface SegmentsRead {
  /** In the order of their sequences. */
  readonly segments: readonly Segment[];
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
  readonly logger: Logger;
}

/** A reader holds so much of the log at a time, whatever the number of events. Characters. */
const MOST_AT_ONCE = 4 << 20;

/** Reads events from disk, in order; none only where there is none. Never fails: what cannot be read is missing. */
export async function readSegments({ segments, after, upTo, limit, logger }: SegmentsRead): Promise<readonly PortreeveEvent[]> {
  const events: PortreeveEvent[] = [];
  let characters = 0;
  const take = (event: PortreeveEvent, length: number): boolean => {
    events.push(event);
    characters += length;
    return events.length < limit && characters < MOST_AT_ONCE;
  };
  if (limit <= 0) return events;
  // A copy: segments come and go while it is read.
  for (const segment of [...segments]) {
    if (segment.last <= after) continue;
    if (segment.first > upTo || events.length >= limit || characters >= MOST_AT_ONCE) break;
    const known = segment.damaged.size;
    try {
      await readSegment(segment, { after, upTo, take });
    } catch (cause) {
      // The oldest segments are deleted under a reader who is far behind; that is no fault of the disk.
      if (segments.includes(segment)) logger.warning('a part of the event log cannot be read', { file: segment.path, error: codeOf(cause) });
    }
    if (known === 0 && segment.damaged.size > 0) logger.warning('a part of the event log has lines that are no events', { file: segment.path, lines: segment.damaged.size });
  }
  return events;
}
