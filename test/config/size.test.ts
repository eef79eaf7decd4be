import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSize, parseSize, sizeIn } from '../../src/config/size.ts';
import type { PlacedScalar } from '../../src/yaml/placed-node.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

function scalar(value: PlacedScalar['value']): PlacedScalar {
  return { kind: 'scalar', at: [1, 1], value, source: String(value) };
}

describe('a size', () => {
  it.each([
    ['0B', 0],
    ['512B', 512],
    ['1kB', 1000],
    ['1KiB', 1024],
    ['10MB', 10_000_000],
    ['64MiB', 67_108_864],
    ['2GB', 2_000_000_000],
    ['1GiB', 1_073_741_824],
  ])('%s is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', '64', '64M', '64 MiB', '-1B', '1.5GB', '064MiB', '64mib', '1TB', '9999999999999B'])('%j is none', (text) => {
    expect(parseSize(text)).toBeNull();
  });

  it('reads back as it was printed', () => {
    const unit = fc.constantFrom(1, 1000, 1024, 1e6, 2 ** 20, 1e9, 2 ** 30);
    fc.assert(
      fc.property(fc.nat(100_000), unit, (count, size) => {
        expect(parseSize(formatSize(count * size))).toBe(count * size);
      }),
      options,
    );
  });

  it.each([
    [0, '0B'],
    [10_000_000, '10MB'],
    [67_108_864, '64MiB'],
    [1025, '1025B'],
  ])('%i bytes print as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  it.each([
    [scalar(64), 'A size has a unit: 64B, or 64MiB.'],
    [scalar('64M'), 'Write 64MiB (by 1024) or 64MB (by 1000).'],
    [scalar('64 kb'), 'Write 64KiB (by 1024) or 64kB (by 1000).'],
    [scalar('64mib'), 'Write 64MiB.'],
    [scalar('big'), 'Write a number and its unit (B, kB, KiB, MB, MiB, GB or GiB), like 64MiB.'],
    [scalar('1kB'), 'The least is 1MiB.'],
    [scalar('2GiB'), 'The most is 1GiB.'],
  ])('%j is refused with a hint', (node, hint) => {
    expect(sizeIn('1MiB', '1GiB').check(node)).toMatchObject({ fault: { hint } });
  });
});
