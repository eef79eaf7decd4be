import { describe, expect, it } from 'vitest';
import { createStateSaver, type StateSaver } from '../../src/daemon/state-saver.ts';

interface Kept {
  readonly saver: StateSaver;
  readonly saved: number[];
  readonly pass: (ms: number) => void;
  readonly append: (isAppending: boolean) => void;
}

/** Saves the time at which it was asked to. */
function keep(): Kept {
  let now = 0;
  let isAppending = false;
  const saved: number[] = [];
  const file = {
    load: () => Promise.resolve(null),
    save: (state: Readonly<Record<string, unknown>>) => {
      saved.push(Number(state['at']));
      return Promise.resolve();
    },
    status: () => ({ problem: null, error: null }),
  };
  const saver = createStateSaver({ file, compose: () => ({ at: now }), isAppending: () => isAppending, clock: { now: () => new Date(0), steady: () => now } });
  saver.note(false);
  saver.start();
  return { saver, saved, pass: (ms) => { now += ms; saver.start(); }, append: (is) => { isAppending = is; } };
}

describe('the state', () => {
  it('is saved ten seconds after the first thing that it lacks, once', () => {
    const { saver, saved, pass } = keep();
    pass(10_000);
    expect(saved).toEqual([10_000]);
    pass(60_000);
    expect(saver.nextDue()).toBeNull();
    saver.note(true);
    pass(6_000);
    saver.note(true);
    expect(saver.nextDue()).toBe(80_000);
    pass(3_999);
    expect(saved).toEqual([10_000]);
    pass(1);
    expect(saved).toEqual([10_000, 80_000]);
  });

  it('is not saved while events are being written that it would know and the log not', () => {
    const { saver, saved, pass, append } = keep();
    append(true);
    pass(20_000);
    expect([saver.nextDue(), saved]).toEqual([null, []]);
    append(false);
    pass(1);
    expect(saved).toEqual([20_001]);
  });

  it('is saved each hour though nothing happens', () => {
    const { saver, saved, pass } = keep();
    pass(10_000);
    pass(3_599_999);
    saver.note(false);
    expect(saver.nextDue()).toBeNull();
    pass(1);
    saver.note(false);
    pass(10_000);
    expect(saved).toEqual([10_000, 3_620_000]);
  });

  it('is saved at once for who stops', async () => {
    const { saver, saved } = keep();
    await saver.save();
    expect([saved, saver.nextDue()]).toEqual([[0], null]);
  });
});
