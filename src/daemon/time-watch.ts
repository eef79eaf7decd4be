import { wordTime } from '../alerts/wording.ts';
import type { Clock } from '../model/clock.ts';
import type { EventDraft } from '../model/event.ts';
import { draftOf } from './draft.ts';

/** Tells of time that was lost, and of a clock that was set: who reads the history should know why its times are odd. */
export interface TimeWatch {
  /** To be called at each turn and glance; `interval` is how many milliseconds may lie between two. */
  note(interval: number): readonly EventDraft[];
}

/** A step of the wall clock from which on it is told; what keeps a clock right goes in smaller ones. Milliseconds, as all here. */
const STEP = 60_000;
/** So much later than it should a turn may come. */
const LATE = 10_000;
/** A machine that is always too busy alarms no one each time. */
const QUIET = 3_600_000;

/** @param uptime seconds since the boot, those of a suspension included (CLOCK_BOOTTIME) */
export function createTimeWatch({ clock, uptime }: { readonly clock: Clock; readonly uptime: () => number }): TimeWatch {
  const suspended = (): number => uptime() * 1000 - clock.steady();
  let last = clock.steady();
  let offset = clock.now().getTime() - last;
  let suspendedBefore = suspended();
  let alertedAt: number | null = null;

  const noteStep = (step: number): EventDraft[] => {
    const sum = suspended();
    const asleep = Math.max(0, sum - suspendedBefore);
    suspendedBefore = sum;
    // The uptime counts hundredths of a second.
    const drafts = asleep < LATE ? [] : [draftOf('agent', 'notice', `the machine was suspended for ${wordTime(asleep)}`, { suspendedMs: Math.round(asleep) }, 'record')];
    const set = asleep < LATE ? step : step - asleep;
    if (Math.abs(set) >= STEP) drafts.push(draftOf('agent', 'notice', `the clock was set ${set > 0 ? 'forward' : 'back'} by ${wordTime(Math.abs(set))}`, { setByMs: Math.round(set) }, 'record'));
    return drafts;
  };

  const noteGap = (gap: number, now: number): EventDraft[] => {
    const isAlert = alertedAt === null || now - alertedAt >= QUIET;
    if (isAlert) alertedAt = now;
    const message = `portreeve did not run for ${wordTime(gap)}, stopped or for want of time: what opened and closed meanwhile may have gone unseen`;
    return [draftOf('agent', 'warning', message, { gapMs: Math.round(gap) }, isAlert ? 'alert' : 'record')];
  };

  return {
    note(interval) {
      const now = clock.steady();
      const gap = now - last - interval;
      const step = clock.now().getTime() - now - offset;
      last = now;
      offset += step;
      return [...(Math.abs(step) < STEP ? [] : noteStep(step)), ...(gap < LATE ? [] : noteGap(gap, now))];
    },
  };
}
