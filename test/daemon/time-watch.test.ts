import { describe, expect, it } from 'vitest';
import { createTimeWatch } from '../../src/daemon/time-watch.ts';

interface Clocks {
  /** Lets time pass: on the steady clock, of the wall, in suspension. Milliseconds. */
  readonly pass: (steady: number, set?: number, suspended?: number) => readonly string[];
}

function startClocks(): Clocks {
  let steady = 5_000;
  let wall = Date.parse('2026-11-22T10:00:00Z');
  let uptime = 40_000;
  const watch = createTimeWatch({ clock: { now: () => new Date(wall), steady: () => steady }, uptime: () => uptime / 1000 });
  return {
    pass(ms, set = 0, suspended = 0) {
      steady += ms;
      wall += ms + set + suspended;
      uptime += ms + suspended;
      return watch.note(1000).map(({ severity, audience, message }) => `${severity} ${audience}: ${message}`);
    },
  };
}

describe('lost time', () => {
  it('is no matter while turns come about when they should and the clock is kept right', () => {
    const { pass } = startClocks();
    expect([pass(1000), pass(10_999), pass(50, 59_000), pass(50, -59_000), pass(1000, 0, 9_000)]).toEqual([[], [], [], [], []]);
  });

  it('in suspension is for the history, and is no clock that was set', () => {
    const { pass } = startClocks();
    expect(pass(1000, 0, 8 * 3_600_000)).toEqual(['notice record: the machine was suspended for 8 h']);
    expect(pass(1000)).toEqual([]);
  });

  it('is told apart from a clock that was set, also where both happened', () => {
    const { pass } = startClocks();
    expect(pass(1000, 3_600_000)).toEqual(['notice record: the clock was set forward by 60 min']);
    expect(pass(1000, -3_600_000)).toEqual(['notice record: the clock was set back by 60 min']);
    expect(pass(1000, -3_600_000, 7_200_000)).toEqual(['notice record: the machine was suspended for 2 h', 'notice record: the clock was set back by 60 min']);
    expect(pass(1000)).toEqual([]);
  });

  it('of the agent alone alarms, once an hour', () => {
    const { pass } = startClocks();
    const message = 'portreeve did not run for 14 s, stopped or for want of time: what opened and closed meanwhile may have gone unseen';
    expect(pass(15_000)).toEqual([`warning alert: ${message}`]);
    expect(pass(15_000)).toEqual([`warning record: ${message}`]);
    for (let waited = 0; waited < 3_600; waited += 1) pass(1000);
    expect(pass(15_000)).toEqual([`warning alert: ${message}`]);
  });
});
