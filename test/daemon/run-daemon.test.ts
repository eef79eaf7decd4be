import { describe, expect, it } from 'vitest';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { runDaemon } from '../../src/daemon/run-daemon.ts';
import type { Signals } from '../../src/daemon/signals.ts';
import { PortreeveError } from '../../src/model/errors.ts';
import type { Notifier } from '../../src/service/notifier.ts';

interface Run {
  readonly turns: readonly (readonly [at: number, kind: string | null])[];
  readonly glances: number;
  /** When each of them was. */
  readonly glancedAt: readonly number[];
  /** Between two signs of life. Milliseconds. */
  readonly longestSilence: number;
}

interface Course {
  readonly isQuiet?: (at: number) => boolean;
  readonly failing?: (kind: string | null, at: number) => boolean;
  readonly random?: () => number;
  /** What the configuration says from then on. */
  readonly reload?: { readonly at: number; readonly interval: number };
  /** When the kernel tells of something. */
  readonly told?: readonly number[];
}

/** The main loop for so many milliseconds of a clock that stands still but for waits. */
async function run(scan: { readonly interval: number; readonly sweep: number }, forMs: number, { isQuiet = () => true, failing = () => false, random = () => 0.5, reload, told = [] }: Course = {}): Promise<Run> {
  let now = 0;
  const glancedAt: number[] = [];
  let isReloaded = false;
  let untold = told;
  let aliveAt = 0;
  let longestSilence = 0;
  const turns: (readonly [number, string | null])[] = [];
  const takeReload = (): boolean => {
    const isDue = reload !== undefined && !isReloaded && now >= reload.at;
    isReloaded ||= isDue;
    return isDue;
  };
  const signals = { get stop() { return now >= forMs ? 'SIGTERM' : null; }, takeReload: () => takeReload(), onSignal: () => undefined, close: () => undefined } as unknown as Signals;
  const notifier = {
    ready: () => undefined, status: () => undefined, stopping: () => undefined, reloading: () => undefined,
    alive() {
      longestSilence = Math.max(longestSilence, now - aliveAt);
      aliveAt = now;
    },
  } as unknown as Notifier;
  const daemon = {
    turn(kind: 'look' | 'sweep' | null) {
      turns.push([now, kind]);
      return failing(kind, now) ? Promise.reject(new PortreeveError('source-failed', 'no files left')) : Promise.resolve();
    },
    glance() {
      glancedAt.push(now);
      return isQuiet(now);
    },
    noteFailure: () => undefined,
    hear(ms: number, again: () => number | null) {
      for (let left: number | null = ms; left !== null && now < forMs; left = again()) {
        const until = now + Math.max(1, left);
        const [at = Infinity, ...later] = untold;
        const called = Math.min(at, reload === undefined || isReloaded ? Infinity : reload.at);
        now = Math.min(until, Math.max(now, called));
        if (now < called) continue;
        if (called === at) untold = later;
        return Promise.resolve(called === at);
      }
      return Promise.resolve(false);
    },
    nextDue: () => null,
    scan: () => (isReloaded && reload !== undefined ? { ...scan, interval: reload.interval } : scan),
    reload: () => Promise.resolve(),
    statusLine: () => '',
  } as unknown as Daemon;
  const logger = { debug: () => undefined, info: () => undefined, warning: () => undefined, error: () => undefined };
  await runDaemon(daemon, { clock: { now: () => new Date(now), steady: () => now }, logger, notifier, random }, signals);
  return { turns, glances: glancedAt.length, glancedAt, longestSilence };
}

describe('the main loop', () => {
  it('glances at each interval, and takes a turn only for a sweep where all is quiet', async () => {
    const { turns, glances } = await run({ interval: 1000, sweep: 60_000 }, 120_500);
    expect(turns.filter(([, kind]) => kind !== null)).toEqual([[0, 'sweep'], [15_000, 'sweep'], [75_000, 'sweep']]);
    expect(glances).toBeGreaterThan(110);
  });

  it('takes a look at each interval where something is new', async () => {
    const { turns } = await run({ interval: 1000, sweep: 60_000 }, 30_500, { isQuiet: () => false });
    expect(turns.filter(([at, kind]) => kind !== null && at % 1000 === 0 && at > 0)).toHaveLength(30);
  });

  it.each([100, 1000, 14_500, 3_600_000])('gives a sign of life every few seconds with an interval of %i ms', async (interval) => {
    expect((await run({ interval, sweep: Math.max(interval, 60_000) }, 100_000)).longestSilence).toBeLessThanOrEqual(6000);
  });

  it('tries a sweep that failed again after an interval, and takes no glance for a proof that all is well', async () => {
    const { turns, glances } = await run({ interval: 1000, sweep: 60_000 }, 5500, { failing: (kind, at) => kind === 'sweep' && at < 3000 });
    expect(turns.filter(([, kind]) => kind === 'sweep').map(([at]) => at)).toEqual([0, 1000, 2000, 3000]);
    expect(glances).toBeLessThan(4);
  });

  it('waits up to a tenth more or less, otherwise after each turn', async () => {
    const draws = [0, 1, 0.25];
    const { glancedAt, turns } = await run({ interval: 1000, sweep: 10_000 }, 28_000, { random: () => draws[0] ?? 0 });
    expect(turns.map(([at, kind]) => [at, kind])).toContainEqual([0, 'sweep']);
    expect(glancedAt.slice(0, 3)).toEqual([900, 1800, 2700]);
    let index = 0;
    const varied = await run({ interval: 1000, sweep: 3_600_000 }, 9_000, { isQuiet: () => false, random: () => draws[index++ % 3] ?? 0 });
    const looks = varied.turns.filter(([, kind]) => kind === 'look').map(([at]) => at);
    const distances = looks.map((at, look) => at - (looks[look - 1] ?? 0));
    expect(new Set(distances)).toEqual(new Set([900, 1100, 950]));
  });

  it('takes a shorter interval from a reload at once, and keeps to it', async () => {
    const { glancedAt } = await run({ interval: 3_600_000, sweep: 3_600_000 }, 11_900, { reload: { at: 10_000, interval: 500 } });
    expect(glancedAt.slice(0, 3)).toEqual([10_500, 11_000, 11_500]);
  });

  it('takes a look for what the kernel tells, and spaces what it tells right after a glance or a look', async () => {
    const { turns, glancedAt } = await run({ interval: 1000, sweep: 3_600_000 }, 1_900, { isQuiet: (at) => at <= 1000, told: [1_010, 1_500, 1_510] });
    expect(glancedAt[0]).toBe(1000);
    expect(turns.filter(([, kind]) => kind === 'look').map(([at]) => at)).toEqual([1_050, 1_500, 1_550]);
  });
});
