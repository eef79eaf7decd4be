import { describeNode, quote, shorten, type PlacedScalar } from '../yaml/placed-node.ts';
import { fault, mismatch, type ScalarKind } from '../yaml/scalar-kinds.ts';

/** In milliseconds, the longest first. A day is 24 hours, whatever a clock change makes of it. */
const UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
const DURATION = /^(0|[1-9][0-9]{0,9})(ms|[smhd])$/;
const EXAMPLE = 'Write a number and its unit (ms, s, m, h or d), like 5m.';

/** Milliseconds of `500ms`, `1s`, `5m`, `12h` or `30d`; null for anything else. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return count === undefined ? null : Number(count) * UNITS[unit as keyof typeof UNITS];
}

/** Whole milliseconds in the largest unit that leaves no rest: `90s`, `1h`; `parseDuration` reads it back. */
export function formatDuration(milliseconds: number): string {
  const [unit, size] = Object.entries(UNITS).find(([, each]) => milliseconds >= each && milliseconds % each === 0) ?? ['s', UNITS.s];
  return `${milliseconds / size}${unit}`;
}

/** A duration between two bounds, both included and written as durations. Its value: milliseconds. */
export function durationIn(least: string, most: string): ScalarKind<number> {
  const [minimum, maximum] = [boundOf(least), boundOf(most)];
  const usual = `a duration from ${least} to ${most}`;
  return {
    expected: usual,
    schema: { type: 'string', pattern: DURATION.source },
    check(scalar, expected = usual) {
      const value = typeof scalar.value === 'string' ? parseDuration(scalar.value) : null;
      if (value === null) return mismatch(expected, scalar, durationHint(scalar));
      if (value >= minimum && value <= maximum) return { value };
      return fault(`expected ${expected}, found ${describeNode(scalar)}`, value < minimum ? `The least is ${least}.` : `The most is ${most}.`);
    },
  };
}

function boundOf(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === null) throw new Error(`no duration: ${text}`);
  return milliseconds;
}

/** Words and capitals that people write for the units. */
const SPELLINGS: readonly (readonly [unit: string, spelled: RegExp])[] = [
  ['ms', /^(?:ms|msecs?|millis|milliseconds?)$/i],
  ['s', /^(?:s|secs?|seconds?)$/i],
  ['m', /^(?:m|mins?|minutes?)$/i],
  ['h', /^(?:h|hrs?|hours?)$/i],
  ['d', /^(?:d|days?)$/i],
];

/** What was probably meant by a bare `5`, by `5 min` or by `2 weeks`. */
function durationHint({ value, source }: PlacedScalar): string {
  const [, count, word] = /^([1-9][0-9]{0,9}) {0,3}([a-z]{0,12})$/i.exec(source) ?? [];
  if (count === undefined || word === undefined) return EXAMPLE;
  if (word === '') return `A duration has a unit: ${shorten(count)}s, or ${shorten(count)}m. The units are ms, s, m, h and d.`;
  if (/^(?:w|weeks?)$/i.test(word) && typeof value === 'string') return `Write ${Number(count) * 7}d.`;
  const unit = SPELLINGS.find(([, spelled]) => spelled.test(word))?.[0];
  return unit === undefined ? EXAMPLE : `Write ${quote(`${count}${unit}`)}, without the quotes.`;
}
