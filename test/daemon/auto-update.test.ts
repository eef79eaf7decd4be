import { describe, expect, it } from 'vitest';
import { createAutoUpdate } from '../../src/daemon/auto-update.ts';
import type { Config } from '../../src/model/config.ts';
import { PortreeveError } from '../../src/model/errors.ts';
import type { RegistryUpdate } from '../../src/model/registry-state.ts';

const DAY = 86_400_000;
const config: Config['registry'] = { file: null, url: null, allowHttp: false, caFile: null, autoUpdate: true, interval: 7 * DAY, maxAge: 180 * DAY };
const update = (outcome: RegistryUpdate['outcome']) => ({ outcome, before: { source: 'embedded', updated: '2026-02-13' }, after: { source: 'x', updated: '2026-11-01' } }) as RegistryUpdate;

function setUp({ answers, lastCheckedAt = null, random = 0.5, registry = config }: { answers: (() => RegistryUpdate)[]; lastCheckedAt?: Date | null; random?: number; registry?: Config['registry'] }) {
  let steady = 0;
  const wall = Date.parse('2026-11-22T00:00:00Z');
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const auto = createAutoUpdate(registry, {
    update: () => Promise.resolve().then(() => answers.shift()!()),
    lastCheckedAt,
    clock: { now: () => new Date(wall + steady), steady: () => steady },
    logger: { debug: log, info: log, warning: log, error: log },
    random: () => random,
  });
  const turn = async (to: number) => {
    steady = to;
    auto.start();
    await new Promise((resolve) => setImmediate(resolve));
    return auto.take();
  };
  return { auto, turn, logged };
}

const fail = (message: string) => () => {
  throw new PortreeveError('update-failed', message);
};

describe('the automatic update of the registry', () => {
  it('comes within a tenth of the interval after a first start, and then each interval, a tenth earlier or later', async () => {
    const { auto, turn } = setUp({ answers: [() => update('not-modified'), () => update('updated')] });
    expect(auto.nextDue()).toBeCloseTo(0.35 * DAY, -1);
    expect(await turn(0.34 * DAY)).toEqual([]);
    expect(await turn(0.36 * DAY)).toEqual([]);
    expect(auto.nextDue()).toBeCloseTo(7.36 * DAY, -1);
    expect(await turn(7.37 * DAY)).toMatchObject([{ kind: 'registry', severity: 'notice', detail: { before: '2026-02-13', after: '2026-11-01' } }]);
    for (const random of [0, 1]) {
      const { auto: other } = setUp({ answers: [], lastCheckedAt: new Date('2026-11-22T00:00:00Z'), random });
      expect(other.nextDue()).toBeCloseTo((random === 0 ? 6.3 : 7.7) * DAY, -1);
    }
  });

  it('does not ask again at once after a restart, nor wait longer for a clock that was set back', () => {
    expect(setUp({ answers: [], lastCheckedAt: new Date('2026-11-21T00:00:00Z') }).auto.nextDue()).toBe(6 * DAY);
    expect(setUp({ answers: [], lastCheckedAt: new Date('2030-01-01T00:00:00Z') }).auto.nextDue()).toBe(7 * DAY);
  });

  it('tells of a failure once, and again when it is another, or came back', async () => {
    const { turn, logged } = setUp({ answers: [fail('no route'), fail('no route'), fail('404'), () => update('not-modified'), fail('404')] });
    const told: number[] = [];
    for (let round = 1; round <= 5; round += 1) told.push((await turn(round * 8 * DAY)).length);
    expect(told).toEqual([1, 0, 1, 0, 1]);
    expect(logged.filter((message) => message === 'the registry could not be updated')).toHaveLength(3);
    expect(logged).toContain('the registry update works again');
  });

  it('tries again an hour after a failure, then ever later, but no later than the interval', async () => {
    const { auto, turn } = setUp({ answers: [...Array.from({ length: 9 }, () => fail('no route')), () => update('not-modified')] });
    const waits: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const due = auto.nextDue() ?? NaN;
      await turn(due);
      waits.push(((auto.nextDue() ?? NaN) - due) / (DAY / 24));
    }
    expect(waits.map(Math.round)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 168, 168]);
  });

  it('is off unless it is asked for', async () => {
    const { auto, turn } = setUp({ answers: [], registry: { ...config, autoUpdate: false } });
    expect(auto.nextDue()).toBeNull();
    expect(await turn(100 * DAY)).toEqual([]);
    auto.reconfigure(config);
    expect(auto.nextDue()).toBeCloseTo(100.35 * DAY, -1);
  });
});
