import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { countUnacknowledged } from './count-unacknowledged.ts';

/** So often in a row a receiver that never closed after us is asked again, before it is taken for one that never will. */
const CHANCES = 3;
/** Of the target of a sink: enough to tell one from another, and it fits into a cursor whatever the length of a path. */
const MARK_DIGITS = 16;

/** What is made of a receiver that does not close its side after we closed ours. */
export interface CloseTrust {
  /** Mark of the receiver that closed once; undefined as long as none did. */
  readonly closedBy: string | undefined;
  answered(): void;
  /** Whether everything counts as read all the same. */
  unanswered(socket: Socket): boolean;
}

/**
 * Some receivers leave a connection open after its sender has ended it, and would be sent everything again for ever. A
 * receiver that never once closed after us, three times in a row, counts as one of these: what its kernel acknowledged is
 * then taken as read. Who closed once is held to it, over restarts, too: `closedBy` is what was kept of the last one. That
 * counts for the same target alone, since where the sink goes elsewhere now, another receiver may never close.
 */
export function trustAfterSilence(target: string, closedBy: string | undefined): CloseTrust {
  const mark = createHash('sha256').update(target).digest('hex').slice(0, MARK_DIGITS);
  let everAnswered = closedBy === mark;
  let silences = 0;
  return {
    get closedBy() {
      return everAnswered ? mark : undefined;
    },
    answered() {
      everAnswered = true;
    },
    unanswered(socket) {
      silences++;
      return !everAnswered && silences >= CHANCES && countUnacknowledged(socket) === 0;
    },
  };
}
