import type { BindScope } from './listener.ts';
import type { Family } from './socket.ts';

/** An address as the network has it: 4 or 16 bytes, most significant first. */
export interface IpAddress {
  readonly family: Family;
  readonly bytes: Uint8Array;
}

const ZERO = 0x30;
const COLON = 0x3a;
const DOT = 0x2e;
/** Eight groups of four digits; the longest text of an IPv6 address ends in a dotted quad: 6 * 5 + 15. */
const LONGEST_TEXT = 45;

/**
 * Dotted quad of 4 bytes.
 * @throws RangeError where there are not 4 bytes
 */
export function formatIpv4(bytes: Uint8Array): string {
  if (bytes.length !== 4) throw new RangeError(`an IPv4 address has 4 bytes, not ${bytes.length}`);
  return formatQuad(bytes, 0);
}

/**
 * Canonical text of 16 bytes (RFC 5952, section 4): lower case, no leading zeros, the first of the longest runs of two
 * or more zero groups as `::`. An IPv4-mapped address ends in a dotted quad (section 5); no other does, since
 * `::102:304` is an IPv6 address that happens to be small, not an IPv4 one.
 * @throws RangeError where there are not 16 bytes
 */
export function formatIpv6(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`an IPv6 address has 16 bytes, not ${bytes.length}`);
  if (isIpv4Mapped(bytes)) return `::ffff:${formatQuad(bytes, 12)}`;

  let longestStart = -1;
  let longestLength = 1;
  for (let group = 0; group < 8; group++) {
    let end = group;
    while (end < 8 && groupAt(bytes, end) === 0) end++;
    if (end - group > longestLength) {
      longestStart = group;
      longestLength = end - group;
    }
    group = Math.max(group, end);
  }

  let text = '';
  for (let group = 0; group < 8; group++) {
    if (group === longestStart) {
      text += '::';
      group += longestLength - 1;
      continue;
    }
    if (text !== '' && !text.endsWith(':')) text += ':';
    text += groupAt(bytes, group).toString(16);
  }
  return text;
}

/**
 * Reads the text of an address, or gives null. Strict: four decimal octets without leading zeros (some readers take
 * `010` as octal), or RFC 4291, section 2.2, with `::` for at least one group. No brackets, zone, port or blanks.
 */
export function parseIpAddress(text: string): IpAddress | null {
  if (text.length < 2 || text.length > LONGEST_TEXT) return null;
  if (text.includes(':')) {
    const bytes = parseIpv6(text);
    return bytes === null ? null : { family: 'ipv6', bytes };
  }
  const bytes = new Uint8Array(4);
  return parseQuad(text, 0, bytes, 0) ? { family: 'ipv4', bytes } : null;
}

/**
 * What a bind address admits. An IPv4-mapped address counts as the IPv4 address in it. The shared address space of
 * carriers (100.64/10, RFC 6598) counts as private: it is not reachable from the internet at large. What is no address
 * at all counts as `public`, so that a reading error never makes a listener look less exposed.
 */
export function bindScope(address: string): BindScope {
  // Nearly every socket of a real host is bound to one of these.
  switch (address) {
    case '0.0.0.0':
    case '::':
      return 'wildcard';
    case '127.0.0.1':
    case '::1':
      return 'loopback';
  }
  const parsed = parseIpAddress(address);
  if (parsed === null) return 'public';
  if (parsed.family === 'ipv4') return ipv4Scope(parsed.bytes, 0);
  return isIpv4Mapped(parsed.bytes) ? ipv4Scope(parsed.bytes, 12) : ipv6Scope(parsed.bytes);
}

function ipv4Scope(bytes: Uint8Array, at: number): BindScope {
  const first = byteAt(bytes, at);
  const second = byteAt(bytes, at + 1);
  if (first === 127) return 'loopback';
  if (first === 10) return 'private';
  if (first === 172 && second >= 16 && second <= 31) return 'private';
  if (first === 192 && second === 168) return 'private';
  if (first === 100 && second >= 64 && second <= 127) return 'private';
  if (first === 169 && second === 254) return 'link-local';
  if (first >= 224 && first <= 239) return 'multicast';
  if (isFilledWith(bytes, 0, at, at + 4)) return 'wildcard';
  // The limited broadcast address never leaves the link (RFC 919, section 7).
  if (isFilledWith(bytes, 255, at, at + 4)) return 'link-local';
  return 'public';
}

function ipv6Scope(bytes: Uint8Array): BindScope {
  const first = byteAt(bytes, 0);
  if (first === 0xff) return 'multicast';
  if (first === 0xfe && (byteAt(bytes, 1) & 0xc0) === 0x80) return 'link-local';
  if ((first & 0xfe) === 0xfc) return 'private';
  if (isFilledWith(bytes, 0, 0, 15)) {
    if (bytes[15] === 0) return 'wildcard';
    if (bytes[15] === 1) return 'loopback';
  }
  return 'public';
}

function parseIpv6(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16);
  let filled = 0;
  let gapAt = -1;
  let at = 0;
  if (text.startsWith('::')) {
    gapAt = 0;
    at = 2;
  }
  while (at < text.length) {
    if (filled === 16) return null;
    let value = 0;
    let digits = 0;
    for (let digit = hexDigit(text, at + digits); digit >= 0; digit = hexDigit(text, at + digits)) {
      if (++digits > 4) return null;
      value = value * 16 + digit;
    }
    if (digits === 0) return null;
    if (text.charCodeAt(at + digits) === DOT) {
      if (filled > 12 || !parseQuad(text, at, bytes, filled)) return null;
      filled += 4;
      break;
    }
    bytes[filled++] = value >> 8;
    bytes[filled++] = value & 0xff;
    at += digits;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== COLON) return null;
    at++;
    if (text.charCodeAt(at) === COLON) {
      if (gapAt !== -1) return null;
      gapAt = filled;
      at++;
    } else if (at === text.length) {
      return null;
    }
  }
  if (gapAt === -1) return filled === 16 ? bytes : null;
  if (filled > 14) return null;
  bytes.copyWithin(16 - (filled - gapAt), gapAt, filled);
  bytes.fill(0, gapAt, 16 - (filled - gapAt));
  return bytes;
}

/** Reads the dotted quad that runs from `from` to the end of the text into `bytes`. */
function parseQuad(text: string, from: number, bytes: Uint8Array, at: number): boolean {
  let octet = 0;
  let digits = 0;
  let value = 0;
  for (let index = from; index <= text.length; index++) {
    const code = index === text.length ? DOT : text.charCodeAt(index);
    if (code === DOT) {
      if (digits === 0 || octet === 4) return false;
      bytes[at + octet++] = value;
      digits = 0;
      value = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || (digits > 0 && value === 0)) return false;
    value = value * 10 + digit;
    digits++;
    if (value > 255) return false;
  }
  return octet === 4;
}

/** Value of a hexadecimal digit, -1 for anything else (and past the end of the text, where charCodeAt gives NaN). */
function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

function isIpv4Mapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && isFilledWith(bytes, 0, 0, 10);
}

function isFilledWith(bytes: Uint8Array, value: number, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (bytes[index] !== value) return false;
  return true;
}

function formatQuad(bytes: Uint8Array, at: number): string {
  return `${byteAt(bytes, at)}.${byteAt(bytes, at + 1)}.${byteAt(bytes, at + 2)}.${byteAt(bytes, at + 3)}`;
}

function groupAt(bytes: Uint8Array, group: number): number {
  return (byteAt(bytes, group * 2) << 8) | byteAt(bytes, group * 2 + 1);
}

/** The lengths were checked on the way in; the compiler cannot know. */
function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}
