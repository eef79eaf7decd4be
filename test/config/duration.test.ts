import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationIn, formatDuration, parseDuration } from '../../src/config/duration.ts';
import type { PlacedScalar } from '../../src/yaml/placed-node.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

function scalar(value: PlacedScalar['value'], source = String(value)): PlacedScalar {
  return { kind: 'scalar', at: [1, 1], value, source };
}

describe('a duration', () => {
  it.each([
    ['500ms', 500],
    ['0s', 0],
    ['1s', 1000],
    ['90s', 90_000],
    ['5m', 300_000],
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
  ])('%s is %i ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '5', 's', '5 s', '-5s', '1.5s', '1e3s', '05s', '5S', '5M', '1m30s', '5w', '0x5s', '5s ', '99999999999d', 'Infinity', '٥s'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it('reads back as it was printed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.nat(99_999).map((days) => days * 86_400_000), fc.nat(99_999).map((minutes) => minutes * 60_000)), (milliseconds) => {
        expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
      }),
      options,
    );
  });

  it.each([
    [0, '0s'],
    [1, '1ms'],
    [1500, '1500ms'],
    [60_000, '1m'],
    [90_000, '90s'],
    [86_400_000, '1d'],
  ])('%i ms print as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it.each([
    [scalar(5), 'A duration has a unit: 5s, or 5m. The units are ms, s, m, h and d.'],
    [scalar('5 min'), 'Write "5m", without the quotes.'],
    [scalar('10 Seconds'), 'Write "10s", without the quotes.'],
    [scalar('5M'), 'Write "5m", without the quotes.'],
    [scalar('2w'), 'Write 14d.'],
    [scalar('soon'), 'Write a number and its unit (ms, s, m, h or d), like 5m.'],
    [scalar('1.5h'), 'Write a number and its unit (ms, s, m, h or d), like 5m.'],
    [scalar(true), 'Write a number and its unit (ms, s, m, h or d), like 5m.'],
    [scalar('99ms'), 'The least is 100ms.'],
    [scalar('61m'), 'The most is 1h.'],
  ])('%j is refused with a hint', (node, hint) => {
    expect(durationIn('100ms', '1h').check(node)).toMatchObject({ fault: { hint } });
  });

  it.each([['100ms', 100], ['1h', 3_600_000]])('takes the bound %s itself', (text, value) => {
    expect(durationIn('100ms', '1h').check(scalar(text))).toEqual({ value });
  });
});
