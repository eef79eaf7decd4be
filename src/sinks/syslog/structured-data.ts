import type { Param } from './describe-params.ts';

const SPECIAL = /["\\\]]/;
const ALL_SPECIAL = /["\\\]]/g;

/** A quotation mark, a backslash and a closing bracket are escaped with a backslash (RFC 5424, section 6.3.3). */
export function escapeValue(value: string): string {
  return SPECIAL.test(value) ? value.replace(ALL_SPECIAL, '\\$&') : value;
}

/** SD-PARAMs, each with the space before it. */
export function formatParams(params: readonly Pick<Param, 'name' | 'value'>[]): string {
  let text = '';
  for (const { name, value } of params) text += ` ${name}="${escapeValue(value)}"`;
  return text;
}

/** One SD-ELEMENT under the enterprise number. */
export function formatElement(enterprise: number, params: string): string {
  return `[portreeve@${enterprise}${params}]`;
}

/**
 * The longest start of a value, or its longest end, that takes at most so many octets once it is escaped; whole characters
 * only.
 */
export function cutValue(value: string, octets: number, keep: 'start' | 'end'): string {
  // No character takes less than an octet.
  const characters = Array.from(keep === 'start' ? value.slice(0, octets + 2) : value.slice(-octets - 2));
  if (keep === 'end') characters.reverse();
  let used = 0;
  let count = 0;
  for (const character of characters) {
    used += Buffer.byteLength(escapeValue(character));
    if (used > octets) break;
    count++;
  }
  const kept = characters.slice(0, count);
  if (keep === 'end') kept.reverse();
  return kept.join('');
}
