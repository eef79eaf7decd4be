import { formatIpv4, formatIpv6, parseIpAddress, type IpAddress } from '../model/ip-address.ts';

/**
 * An address, or a network in CIDR notation (RFC 4632, section 3.1). `prefix` null: the address as written. A network
 * never covers a wildcard bind address: `10.0.0.0/8` and `::/8` speak of addresses, `0.0.0.0` and `::` of all of them.
 */
export interface AddressPattern {
  readonly family: IpAddress['family'];
  readonly bytes: Uint8Array;
  readonly prefix: number | null;
}

export interface PatternFault {
  readonly message: string;
  readonly hint: string | null;
}

const MAPPED_PREFIX = 96;

/** Reads a pattern strictly: what could be taken in two ways is a fault. An IPv4-mapped one becomes its IPv4 form. */
export function parseAddressPattern(text: string): AddressPattern | PatternFault {
  if (text.includes('%')) return { message: 'an address pattern has no zone', hint: 'Name the interface beside it: interface: eth0' };
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash === -1 ? text : text.slice(0, slash));
  if (address === null) {
    return { message: 'not an IP address or a network', hint: 'Write 192.0.2.7, 10.0.0.0/8, ::1 or fd00::/8, without leading zeros.' };
  }
  if (slash === -1) return { ...unmap(address), prefix: null };

  const bits = address.bytes.length * 8;
  const written = text.slice(slash + 1);
  const prefix = /^(?:0|[1-9][0-9]{0,2})$/.test(written) ? Number(written) : Infinity;
  if (prefix > bits) return { message: `the length of the network must be a number from 1 to ${bits}`, hint: null };
  if (prefix === 0) {
    return { message: 'a network of length 0 holds every address', hint: 'Leave address out, or write scope: wildcard for listeners on every address.' };
  }
  const network = { family: address.family, bytes: maskBytes(address.bytes, prefix) };
  if (!startsAlike(network.bytes, address.bytes, bits)) {
    const base = network.family === 'ipv4' ? formatIpv4(network.bytes) : formatIpv6(network.bytes);
    return { message: 'the address has bits set beyond the length of the network', hint: `The network is ${base}/${prefix}; for one address leave out the length.` };
  }
  const plain = unmap(network);
  const isMapped = plain !== network && prefix >= MAPPED_PREFIX;
  return isMapped ? { ...plain, prefix: prefix - MAPPED_PREFIX } : { ...network, prefix };
}

/** A test for "any of these patterns" on a bind address. An IPv4-mapped address matches patterns of both families. */
export function compileAddressPatterns(patterns: readonly AddressPattern[]): (address: IpAddress) => boolean {
  return (address) => {
    const plain = unmap(address);
    const isWildcard = plain.bytes.every((byte) => byte === 0);
    return patterns.some((pattern) => covers(pattern, plain, isWildcard) || (plain !== address && covers(pattern, address, isWildcard)));
  };
}

function covers(pattern: AddressPattern, address: IpAddress, isWildcard: boolean): boolean {
  if (pattern.family !== address.family) return false;
  const bits = address.bytes.length * 8;
  if (isWildcard && pattern.prefix !== null && pattern.prefix < bits) return false;
  return startsAlike(pattern.bytes, address.bytes, pattern.prefix ?? bits);
}

/** `::ffff:192.0.2.1` as 192.0.2.1; anything else as it is, the same object. */
function unmap(address: IpAddress): IpAddress {
  const { bytes } = address;
  if (address.family === 'ipv4' || bytes[10] !== 0xff || bytes[11] !== 0xff) return address;
  for (let index = 0; index < 10; index++) if (bytes[index] !== 0) return address;
  return { family: 'ipv4', bytes: bytes.slice(12) };
}

function maskBytes(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, index) => byte & maskOf(index, prefix));
}

function startsAlike(left: Uint8Array, right: Uint8Array, prefix: number): boolean {
  for (let index = 0; index * 8 < prefix; index++) {
    if ((((left[index] ?? 0) ^ (right[index] ?? 0)) & maskOf(index, prefix)) !== 0) return false;
  }
  return true;
}

/** The bits of the byte at `index` that lie within the first `prefix` bits. */
function maskOf(index: number, prefix: number): number {
  const kept = Math.min(8, Math.max(0, prefix - index * 8));
  return (0xff00 >> kept) & 0xff;
}
