import { describe, expect, it } from 'vitest';
import { createSleep } from '../../src/model/sleep.ts';

const LONG = 3_600_000;

describe('createSleep', () => {
  it('is ended while it lasts', async () => {
    const sleep = createSleep();
    const woken = sleep.take(LONG).then(() => 'woken');
    sleep.end();
    expect(await woken).toBe('woken');
  });

  it('is over at once where it was ended before it began, and only once', async () => {
    const sleep = createSleep();
    sleep.end();
    sleep.end();
    await sleep.take(LONG);
    const next = sleep.take(LONG).then(() => 'woken');
    expect(await Promise.race([next, Promise.resolve('asleep')])).toBe('asleep');
    sleep.end();
    expect(await next).toBe('woken');
  });

  it('goes on for as long as it is told when its time is over', async () => {
    const sleep = createSleep();
    const longer = [1, 0, 2, null];
    let asked = 0;
    await sleep.take(1, () => longer[asked++] ?? null);
    expect(asked).toBe(4);
    let woken = false;
    const ended = sleep.take(0, () => {
      setImmediate(() => { sleep.end(); });
      return LONG;
    }).then(() => { woken = true; });
    await ended;
    expect(woken).toBe(true);
  });

  it('fails where who is asked fails', async () => {
    await expect(createSleep().take(1, () => { throw new Error('a fault'); })).rejects.toThrow('a fault');
  });

  it('takes its time where nobody ends it', async () => {
    const sleep = createSleep();
    const begun = performance.now();
    await sleep.take(20);
    expect(performance.now() - begun).toBeGreaterThan(15);
  });
});
