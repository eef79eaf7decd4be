import type { EventDraft, PortreeveEvent } from '../model/event.ts';

/** Events that a sink can no longer send. */
export interface Loss {
  readonly count: number;
  /** Sequences. */
  readonly from: number;
  readonly to: number;
  readonly reason: 'gone from the event log' | 'refused';
}

/**
 * What is missing from what the event log gave after `position`, up to `upTo`: the log is bounded, and drops its oldest
 * events when a receiver was away for too long. Null where nothing is.
 */
export function findLoss(events: readonly PortreeveEvent[], position: number, upTo: number): Loss | null {
  let count = 0;
  let from = 0;
  let to = 0;
  let expected = position + 1;
  for (const next of [...events.map(({ sequence }) => sequence), upTo + 1]) {
    if (next > expected) {
      if (count === 0) from = expected;
      to = next - 1;
      count += next - expected;
    }
    expected = next + 1;
  }
  return count === 0 ? null : { count, from, to, reason: 'gone from the event log' };
}

/** Which of them the sink would have taken cannot be known any more; so the event says what it does know. */
export function describeLoss(sink: string, { count, from, to, reason }: Loss): EventDraft {
  const events = count === 1 ? '1 event' : `${count} events`;
  const why = reason === 'refused' ? 'its receiver refused it for an hour' : 'they had left the event log before the receiver was back';
  return {
    kind: 'loss',
    audience: 'alert',
    severity: 'error',
    message: `${events} could not be sent to the sink ${sink}: ${why}`,
    alert: null,
    listener: null,
    differences: [],
    detail: { sink, count, firstSequence: from, lastSequence: to, reason },
  };
}
