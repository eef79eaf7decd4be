import { open, writeFile } from 'node:fs/promises';
import type { Clock } from '../model/clock.ts';
import type { PortreeveEvent } from '../model/event.ts';
import { codeOf } from './error-code.ts';
import { parseEventLine } from './event-line.ts';
import { belongsTo, type Segment } from './segment.ts';
import { asideName } from './set-aside.ts';

export interface RepairedEnd {
  /** The event whose line lacked nothing but its end, and has it now. */
  readonly added: PortreeveEvent | null;
  /** What was wrong and what became of it; null where nothing was. */
  readonly problem: string | null;
}

/**
 * Mends what a crash in the middle of a write left behind the last whole line of a segment, and sets its size: a whole
 * event is kept, half of one is moved into a file of its own, since it was not promised to anybody. Where the file cannot
 * be changed it is read up to its last whole line.
 */
export async function repairEnd(segment: Segment, end: number, clock: Clock): Promise<RepairedEnd> {
  const torn = segment.size - end;
  segment.size = end;
  if (torn === 0) return { added: null, problem: null };
  try {
    const handle = await open(segment.path, 'r+');
    try {
      const rest = Buffer.alloc(torn);
      const { bytesRead } = await handle.read(rest, 0, torn, end);
      const event = parseEventLine(rest.toString('utf8', 0, bytesRead));
      if (event !== null && belongsTo(segment, event.sequence, segment.last)) {
        await handle.write('\n', end + bytesRead, 'latin1');
        await handle.datasync();
        segment.size = end + bytesRead + 1;
        return { added: event, problem: null };
      }
      const aside = await asideName(segment.path, 'torn', clock);
      const kept = await writeFile(aside, rest.subarray(0, bytesRead), { flag: 'wx', mode: 0o600 }).then(() => `moved to ${aside}`, () => 'dropped, as they could not be written elsewhere');
      await handle.truncate(end);
      await handle.datasync();
      return { added: null, problem: `${segment.path} ended in the middle of an event; its last ${torn} bytes were ${kept}` };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return { added: null, problem: `${segment.path} ends in the middle of an event, and cannot be mended (${codeOf(cause)}); its last ${torn} bytes are passed over` };
  }
}
