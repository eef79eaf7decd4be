import { describeNode, type PlacedScalar } from '../yaml/placed-node.ts';
import { fault, mismatch, type ScalarKind } from '../yaml/scalar-kinds.ts';

/** In bytes (IEC 80000-13): `MiB` counts by 1024, `MB` by 1000. */
const UNITS = { GiB: 2 ** 30, GB: 1e9, MiB: 2 ** 20, MB: 1e6, KiB: 2 ** 10, kB: 1e3, B: 1 } as const;
const SIZE = /^(0|[1-9][0-9]{0,11})([GM]i?B|KiB|kB|B)$/;
const EXAMPLE = 'Write a number and its unit (B, kB, KiB, MB, MiB, GB or GiB), like 64MiB.';

/** Bytes of `64MiB` or `10MB`; null for anything else. */
export function parseSize(text: string): number | null {
  const [, count, unit] = SIZE.exec(text) ?? [];
  return count === undefined ? null : Number(count) * UNITS[unit as keyof typeof UNITS];
}

/** Whole bytes in the largest unit that leaves no rest; `parseSize` reads it back. */
export function formatSize(bytes: number): string {
  const [unit, size] = Object.entries(UNITS).find(([, each]) => bytes >= each && bytes % each === 0) ?? ['B', 1];
  return `${bytes / size}${unit}`;
}

/** A size between two bounds, both included and written as sizes. Its value: bytes. */
export function sizeIn(least: string, most: string): ScalarKind<number> {
  const [minimum, maximum] = [boundOf(least), boundOf(most)];
  const usual = `a size from ${least} to ${most}`;
  return {
    expected: usual,
    schema: { type: 'string', pattern: SIZE.source },
    check(scalar, expected = usual) {
      const value = typeof scalar.value === 'string' ? parseSize(scalar.value) : null;
      if (value === null) return mismatch(expected, scalar, sizeHint(scalar));
      if (value >= minimum && value <= maximum) return { value };
      return fault(`expected ${expected}, found ${describeNode(scalar)}`, value < minimum ? `The least is ${least}.` : `The most is ${most}.`);
    },
  };
}

function boundOf(text: string): number {
  const bytes = parseSize(text);
  if (bytes === null) throw new Error(`no size: ${text}`);
  return bytes;
}

/** What was probably meant by a bare `64`, by `64M` or by `64 mb`. */
function sizeHint({ source }: PlacedScalar): string {
  const [, count, letter, binary] = /^([1-9][0-9]{0,11}) {0,3}([kmg]?)(i?)b?(?:ytes?)?$/i.exec(source) ?? [];
  if (count === undefined || letter === undefined) return EXAMPLE;
  if (letter === '') return `A size has a unit: ${count}B, or ${count}MiB.`;
  const big = letter.toUpperCase();
  return binary === '' ? `Write ${count}${big}iB (by 1024) or ${count}${big === 'K' ? 'k' : big}B (by 1000).` : `Write ${count}${big}iB.`;
}
