import { describeNode, quote } from '../yaml/placed-node.ts';
import type { FieldValue, ValueKind } from './value-kinds.ts';

/** In seconds. */
export const AGE_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Words rather than `<` and `>`: to YAML an unquoted `> 10m` begins a block of text. */
const BOUND = /^(over|under) ([1-9][0-9]{0,5})([smhdw])$/;
const EXPECTED = 'an age like over 30d or under 10m';

/** A bound on an age. The fact: the age in seconds. */
export const age: ValueKind<number> = {
  expected: EXPECTED,
  schema: { type: 'string', pattern: BOUND.source },
  takesList: true,
  check(scalar) {
    if (typeof scalar.value === 'string' && BOUND.test(scalar.value)) return { value: scalar.value };
    return { fault: { message: `expected ${EXPECTED}, found ${describeNode(scalar)}`, hint: ageHint(scalar.source) } };
  },
  compile(values) {
    const bounds = values.map(parseBound);
    return (seconds) => bounds.some(({ over, limit }) => (over ? seconds > limit : seconds < limit));
  },
};

function parseBound(value: FieldValue): { readonly over: boolean; readonly limit: number } {
  const [, side, count, unit] = BOUND.exec(String(value)) ?? [];
  return { over: side === 'over', limit: Number(count) * (AGE_UNITS[unit ?? ''] ?? NaN) };
}

const OVER = /^(?:over|>=?|older|longer|more|above|min)/i;
const UNDER = /^(?:under|<=?|younger|shorter|newer|less|below|max)/i;

/** What was probably meant by `> 10 min`, `older than 2 hours` or a bare `10m`. */
function ageHint(written: string): string {
  const amount = /([1-9][0-9]{0,5})\s*([smhdw])/i.exec(written.slice(0, 100));
  if (amount === null) return 'The units are s, m, h, d and w; a bound has one of them.';
  const bound = `${amount[1] ?? ''}${(amount[2] ?? '').toLowerCase()}`;
  if (OVER.test(written)) return `Write ${quote(`over ${bound}`)}, without the quotes.`;
  if (UNDER.test(written)) return `Write ${quote(`under ${bound}`)}, without the quotes.`;
  return `Write over ${bound} for older, under ${bound} for younger.`;
}
