import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trackProgress } from '../../src/sinks/progress.ts';

const RESEND = 10;

const step = fc.oneof(
  fc.record({ what: fc.constant('take' as const), count: fc.integer({ min: 1, max: 5 }), proven: fc.boolean() }),
  fc.record({ what: fc.constant('pass' as const), count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ what: fc.constant('prove' as const) }),
  fc.record({ what: fc.constant('settle' as const) }),
  fc.record({ what: fc.constant('rewind' as const) }),
  fc.record({ what: fc.constant('wait' as const), time: fc.integer({ min: 1, max: 15 }) }),
);

describe('the progress of a sink', () => {
  it('never confirms what the receiver did not prove to have read, or had no time to store', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const progress = trackProgress({ confirmed: 0, attempted: 0 }, RESEND);
        let now = 0;
        /** When each event counts as stored; Infinity: unproven. */
        const storedAt = new Map<number, number>();
        for (const each of steps) {
          const from = progress.position;
          if (each.what === 'take') {
            progress.attempt(from + each.count);
            progress.take(from + each.count, each.proven, now);
            for (let sequence = from + 1; sequence <= from + each.count; sequence++) storedAt.set(sequence, each.proven ? -Infinity : Infinity);
          } else if (each.what === 'pass') {
            progress.pass(from + each.count);
            for (let sequence = from + 1; sequence <= from + each.count; sequence++) storedAt.set(sequence, -Infinity);
          } else if (each.what === 'prove') {
            progress.prove(now);
            for (const [sequence, at] of storedAt) if (at === Infinity) storedAt.set(sequence, now + RESEND);
          } else if (each.what === 'settle') progress.settle(now);
          else if (each.what === 'rewind') {
            progress.rewind();
            for (const sequence of storedAt.keys()) if (sequence > progress.position) storedAt.delete(sequence);
          } else now += each.time;
          const { confirmed, attempted } = progress.cursor;
          expect(confirmed).toBeLessThanOrEqual(progress.position);
          expect(attempted).toBeGreaterThanOrEqual(confirmed);
          for (let sequence = 1; sequence <= confirmed; sequence++) expect(storedAt.get(sequence) ?? -Infinity).toBeLessThanOrEqual(now);
        }
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });

  it('confirms everything in the end', () => {
    const progress = trackProgress({ confirmed: 3, attempted: 3 }, RESEND);
    progress.attempt(8);
    progress.take(8, false, 0);
    progress.pass(9);
    expect(progress.askAt).toBe(10);
    progress.prove(10);
    expect(progress.settleAt).toBe(20);
    expect(progress.settle(19)).toBe(false);
    expect(progress.settle(20)).toBe(true);
    expect(progress.cursor).toEqual({ confirmed: 9, attempted: 9 });
  });

  it('knows what may have gone out, and what cannot have', () => {
    const progress = trackProgress({ confirmed: 0, attempted: 0 }, RESEND);
    progress.attempt(8);
    progress.attemptEnded(5);
    expect([5, 6].map((sequence) => progress.isPossibleDuplicate(sequence))).toEqual([true, false]);
    expect(progress.cursor).toEqual({ confirmed: 0, attempted: 5 });
  });
});
