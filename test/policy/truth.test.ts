import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Truth } from '../../src/model/policy.ts';
import { both, either, negate, truthOf } from '../../src/policy/truth.ts';

const truth = fc.constantFrom<Truth>('true', 'false', 'unknown');
const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

describe("Kleene's logic", () => {
  it.each<[Truth, Truth, Truth, Truth]>([
    ['true', 'true', 'true', 'true'],
    ['true', 'unknown', 'unknown', 'true'],
    ['true', 'false', 'false', 'true'],
    ['unknown', 'unknown', 'unknown', 'unknown'],
    ['unknown', 'false', 'false', 'unknown'],
    ['false', 'false', 'false', 'false'],
  ])('%s and/or %s: %s, %s, either way round', (left, right, and, or) => {
    expect([both(left, right), both(right, left)]).toEqual([and, and]);
    expect([either(left, right), either(right, left)]).toEqual([or, or]);
  });

  it('negates what is known and nothing else', () => {
    expect(['true', 'false', 'unknown'].map((value) => negate(value as Truth))).toEqual(['false', 'true', 'unknown']);
    expect([truthOf(true), truthOf(false)]).toEqual(['true', 'false']);
  });

  it('obeys De Morgan, distribution and absorption, on which the compiler relies', () => {
    fc.assert(
      fc.property(truth, truth, truth, (a, b, c) => {
        expect(negate(both(a, b))).toBe(either(negate(a), negate(b)));
        expect(both(a, either(b, c))).toBe(either(both(a, b), both(a, c)));
        expect(either(a, both(b, c))).toBe(both(either(a, b), either(a, c)));
        expect(both(a, either(a, b))).toBe(a);
      }),
      options,
    );
  });

  it('never decides on an unknown: knowing more never turns true into false', () => {
    fc.assert(
      fc.property(truth, truth, fc.boolean(), (a, b, known) => {
        const refined = a === 'unknown' ? truthOf(known) : a;
        for (const join of [both, either]) {
          if (join(a, b) !== 'unknown') expect(join(refined, b)).toBe(join(a, b));
        }
      }),
      options,
    );
  });
});
