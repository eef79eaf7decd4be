import type { Clock } from '../model/clock.ts';
import type { EventDraft } from '../model/event.ts';
import { draftOf } from './draft.ts';

/** What could not be heard of the kernel's events. */
export interface MissedEvents {
  /** The kernel had no room for so many. */
  lose(count: number): void;
  /** No one knows how many. */
  goBlind(reason: string): void;
  /** So many openings were more than could be followed. */
  overflow(count: number): void;
  /** There is something that was not told yet. */
  readonly isAny: boolean;
  /** What there is to tell: once in a while, for whoever floods the kernel's events shall not flood the sinks. */
  tell(): readonly EventDraft[];
  /** All that was not told yet. */
  close(): readonly EventDraft[];
}

/** Between two reports. Milliseconds. */
const WITHIN = 60_000;

export function createMissedEvents(clock: Clock): MissedEvents {
  let lost = 0;
  let overflow = 0;
  let reason: string | null = null;
  let toldAt = -Infinity;
  const isAny = (): boolean => lost > 0 || overflow > 0 || reason !== null;

  const close = (): readonly EventDraft[] => {
    const drafts = [
      ...(lost === 0 ? [] : [draftOf('loss', 'warning', `the kernel lost ${lost} events of listeners: one that lived shortly may have gone unseen`, { count: lost, source: 'tracefs' })]),
      ...(overflow === 0 ? [] : [draftOf('loss', 'warning', `${overflow} listeners opened at once, more than could be followed`, { count: overflow, source: 'tracefs' })]),
      ...(reason === null ? [] : [draftOf('coverage', 'warning', `events of the kernel may be missing: ${reason}`, { source: 'tracefs' })]),
    ];
    [lost, overflow, reason, toldAt] = [0, 0, null, clock.steady()];
    return drafts;
  };

  return {
    lose(count) {
      lost += count;
    },
    goBlind(why) {
      reason = why;
    },
    overflow(count) {
      overflow += count;
    },
    get isAny() {
      return isAny();
    },
    tell: () => (isAny() && clock.steady() - toldAt >= WITHIN ? close() : []),
    close,
  };
}
