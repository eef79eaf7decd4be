import type { AlertBook } from '../alerts/alert-book.ts';
import type { EventLog } from '../state/event-log.ts';
import type { SavedState } from '../state/state-file.ts';

const BATCH = 1_000;

/** Tells the book the events that the saved state does not have yet: the daemon was killed before it was saved again. */
export async function replayEvents(log: Pick<EventLog, 'readAfter'>, book: Pick<AlertBook, 'replay'>, after: number): Promise<void> {
  for (;;) {
    const events = await log.readAfter(after, BATCH);
    for (const event of events) book.replay(event);
    const last = events.at(-1);
    if (last === undefined) return;
    after = last.sequence;
  }
}

/** The event up to which a saved state knows everything. */
export function sequenceOf(saved: SavedState | null): number {
  const sequence = saved?.['sequence'];
  return typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence >= 0 ? sequence : 0;
}
