import { randomBytes } from 'node:crypto';
import type { Clock } from '../model/clock.ts';

/** Crockford's alphabet: no I, L, O and U. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const RANDOM_BITS = 80n;
const MOST_MS = 2 ** 48 - 1;

/** What an id of an event looks like: the first digit holds three bits. */
export const EVENT_ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/**
 * Gives ids in the form of a ULID (github.com/ulid/spec): 48 bits of milliseconds and 80 random bits, in 26 digits. Each
 * sorts behind the one before, also where several fall into one millisecond and where the wall clock is set back. The step
 * is random then, so that two hosts that were one (a cloned machine) do not give the same.
 */
export function createIdSource({ clock, after }: { readonly clock: Clock; readonly after: string | null }): () => string {
  let last = after !== null && EVENT_ID.test(after) ? decode(after) : 0n;
  return () => {
    const ms = BigInt(Math.min(Math.max(clock.now().getTime(), 0), MOST_MS));
    last = ms > last >> RANDOM_BITS ? (ms << RANDOM_BITS) | BigInt(`0x${randomBytes(10).toString('hex')}`) : last + 1n + BigInt(randomBytes(4).readUInt32BE());
    return encode(last);
  };
}

function encode(value: bigint): string {
  let text = '';
  for (let shift = 125n; shift >= 0n; shift -= 5n) text += DIGITS[Number((value >> shift) & 31n)] ?? '';
  return text;
}

function decode(id: string): bigint {
  let value = 0n;
  for (const digit of id) value = (value << 5n) | BigInt(DIGITS.indexOf(digit));
  return value;
}
