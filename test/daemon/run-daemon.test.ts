import { describe, expect, it } from 'vitest';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { runDaemon } from '../../src/daemon/run-daemon.ts';
import type { Signals } from '../../src/daemon/signals.ts';
import { PortreeveError } from '../../src/model/errors.ts';
import type { Notifier } from '../../src/service/notifier.ts';

interface Run {
  readonly turns: readonly (readonly [at: number, kind: string | null])[];
  readonly glances: number;
  /** Between two signs of life. Milliseconds. */
  readonly longestSilence: number;
}

/** The main loop for so many milliseconds of a clock that stands still but for waits. */
async function run(scan: { readonly interval: number; readonly sweep: number }, forMs: number, { isQuiet = true, failing = () => false }: { readonly isQuiet?: boolean; readonly failing?: (kind: string | null, at: number) => boolean } = {}): Promise<Run> {
  let now = 0;
  let glances = 0;
  let aliveAt = 0;
  let longestSilence = 0;
  const turns: (readonly [number, string | null])[] = [];
  const signals = { get stop() { return now >= forMs ? 'SIGTERM' : null; }, takeReload: () => false, onSignal: () => undefined, close: () => undefined } as unknown as Signals;
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
      glances += 1;
      return isQuiet;
    },
    noteFailure: () => undefined,
    hear(ms: number, again: () => number | null) {
      for (let left: number | null = ms; left !== null && now < forMs; left = again()) now += Math.max(1, left);
      return Promise.resolve(false);
    },
    nextDue: () => null,
    scan: () => scan,
    statusLine: () => '',
  } as unknown as Daemon;
  const logger = { debug: () => undefined, info: () => undefined, warning: () => undefined, error: () => undefined };
  await runDaemon(daemon, { clock: { now: () => new Date(now), steady: () => now }, logger, notifier, random: () => 0.5 }, signals);
  return { turns, glances, longestSilence };
}

describe('the main loop', () => {
  it('glances at each interval, and takes a turn only for a sweep where all is quiet', async () => {
    const { turns, glances } = await run({ interval: 1000, sweep: 60_000 }, 120_500);
    expect(turns.map(([, kind]) => kind).filter((kind) => kind !== null)).toEqual(['sweep', 'sweep', 'sweep']);
    expect(glances).toBeGreaterThan(110);
  });

  it('takes a look at each interval where something is new', async () => {
    const { turns } = await run({ interval: 1000, sweep: 60_000 }, 30_500, { isQuiet: false });
    expect(turns.filter(([, kind]) => kind === 'look')).toHaveLength(30);
  });

  it.each([100, 1000, 14_500, 3_600_000])('gives a sign of life every few seconds with an interval of %i ms', async (interval) => {
    expect((await run({ interval, sweep: Math.max(interval, 60_000) }, 100_000)).longestSilence).toBeLessThanOrEqual(6000);
  });

  it('tries a sweep that failed again after an interval, and takes no glance for a proof that all is well', async () => {
    const { turns, glances } = await run({ interval: 1000, sweep: 60_000 }, 5500, { failing: (kind, at) => kind === 'sweep' && at < 3000 });
    expect(turns.filter(([, kind]) => kind === 'sweep').map(([at]) => at)).toEqual([0, 1000, 2000, 3000]);
    expect(glances).toBeLessThan(4);
  });
});
