import { formatIpv4, formatIpv6, parseIpAddress } from '../../model/ip-address.ts';
import { isBsd } from './portable-platform.ts';
import type { PortablePlatform } from './portable-platform.ts';
import type { Family } from '../../model/socket.ts';

/** The protocol column, taken apart. `versions` are the IP versions that netstat appended, '' where it appended none. */
export interface RowProtocol {
  readonly transport: 'tcp' | 'udp';
  readonly versions: '' | '4' | '6' | '46';
}

export interface Endpoint {
  readonly family: Family;
  /** Canonical text, without brackets and zone. */
  readonly address: string;
  /** Null: `*`, bound to no port. */
  readonly port: number | null;
  /** Windows writes the interface's index as the zone; elsewhere the zone is a name, and this is 0. */
  readonly interfaceIndex: number;
  readonly v6only: boolean | null;
}

type Bound = Pick<Endpoint, 'family' | 'address' | 'v6only'>;

/**
 * Characters of the address that netstat prints on a BSD without -W (usr.bin/netstat/inet6.c): a longer one is cut.
 */
const BSD_ADDRESS_WIDTH = 16;
/** Linux net-tools cuts an IPv6 address so that address and port fill 22 characters (netstat.c, addr_do_one). */
const LINUX_ENDPOINT_WIDTH = 22;

/**
 * Reads an address and a port as the library hands them out. Null where they cannot be understood, or where the address
 * fills its column exactly, and so may have been cut: part of an address can be another valid address.
 */
export function readEndpoint(addressText: string, portText: unknown, protocol: RowProtocol, platform: PortablePlatform): Endpoint | null {
  const split = isBsd(platform) ? splitBsdEndpoint(addressText, portText) : { host: addressText, port: portText };
  if (split === null) return null;
  const port = split.port === '*' ? null : parsePort(split.port);
  if (port === null && split.port !== '*') return null;
  if (mayBeCut(split.host, split.port, protocol, platform)) return null;

  const bracketed = split.host.startsWith('[') && split.host.endsWith(']');
  const bare = bracketed ? split.host.slice(1, -1) : split.host;
  const zoneAt = bare.indexOf('%');
  const host = zoneAt === -1 ? bare : bare.slice(0, zoneAt);
  const bound = host === '*' ? anyAddress(protocol, platform) : readAddress(host, protocol, bracketed && platform === 'linux');
  if (bound === null) return null;
  return { ...bound, port: port === 0 ? null : port, interfaceIndex: zoneAt === -1 ? 0 : interfaceIndexOf(bare.slice(zoneAt + 1), platform) };
}

/** 0-65535 from decimal text (or a whole number), else null. */
export function parsePort(value: unknown): number | null {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535 ? port : null;
}

/**
 * The library splits BSD's `address.port` at its last colon, as if it were Linux's: `*.22` comes whole as the address,
 * `::1.22` as `:` and `1.22`. Put together again, the port is what follows the last dot.
 */
function splitBsdEndpoint(addressText: string, portText: unknown): { host: string; port: string } | null {
  if (typeof portText !== 'string') return null;
  const whole = portText === '' ? addressText : `${addressText}:${portText}`;
  const dot = whole.lastIndexOf('.');
  return dot === -1 ? null : { host: whole.slice(0, dot), port: whole.slice(dot + 1) };
}

function mayBeCut(host: string, port: unknown, protocol: RowProtocol, platform: PortablePlatform): boolean {
  if (!host.includes(':')) return false;
  // With a zone in sight, the address before it is whole.
  if (isBsd(platform)) return host.length >= BSD_ADDRESS_WIDTH && !host.includes('%');
  // ss (brackets, no 6 in the protocol) does not cut.
  return platform === 'linux' && protocol.versions === '6' && host.length + String(port).length >= LINUX_ENDPOINT_WIDTH;
}

/**
 * `*` as the address. macOS and FreeBSD tell the IP versions from the kernel's inp_vflag, where a wildcard without
 * IPV6_V6ONLY has both. On Linux it is ss that writes it, for an IPv6 wildcard that takes IPv4 too.
 */
function anyAddress(protocol: RowProtocol, platform: PortablePlatform): Bound | null {
  switch (protocol.versions) {
    case '4':
      return { family: 'ipv4', address: '0.0.0.0', v6only: null };
    case '46':
      return { family: 'ipv6', address: '::', v6only: false };
    case '6':
      return { family: 'ipv6', address: '::', v6only: platform === 'darwin' || platform === 'freebsd' ? true : null };
    case '':
      if (platform === 'linux') return { family: 'ipv6', address: '::', v6only: false };
      return isBsd(platform) ? { family: 'ipv4', address: '0.0.0.0', v6only: null } : null;
  }
}

/** `fromSs`: only ss puts brackets on Linux, and it writes `[::]` for a wildcard that takes IPv6 alone. */
function readAddress(host: string, protocol: RowProtocol, fromSs: boolean): Bound | null {
  const parsed = parseIpAddress(host);
  if (parsed === null) return null;
  if (parsed.family === 'ipv4') {
    const address = formatIpv4(parsed.bytes);
    // Some net-tools print an IPv4-mapped address of an IPv6 socket without its prefix.
    if (protocol.versions === '6' || protocol.versions === '46') return { family: 'ipv6', address: `::ffff:${address}`, v6only: null };
    return { family: 'ipv4', address, v6only: null };
  }
  if (protocol.versions === '4') return null;
  const address = formatIpv6(parsed.bytes);
  return { family: 'ipv6', address, v6only: fromSs && address === '::' ? true : null };
}

function interfaceIndexOf(zone: string, platform: PortablePlatform): number {
  return platform === 'win32' && /^\d{1,9}$/.test(zone) ? Number(zone) : 0;
}
