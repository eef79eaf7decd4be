import { formatIpv4, formatIpv6, parseIpAddress } from '../../model/ip-address.ts';
import type { Family, Protocol, SocketRecord } from '../../model/socket.ts';
import { LITTLE_ENDIAN } from '../byte-order.ts';

/** One file of /proc/net with a row per socket, as net/ipv4 and net/ipv6 of the kernel print it (proc(5)). */
export interface SocketTable {
  readonly file: string;
  readonly protocol: Protocol;
  readonly family: Family;
  /** Hexadecimal state of a listener, or null where every row is one (raw). */
  readonly listening: string | null;
  /** Listeners are printed before all others, so that a reader can stop at the first row that is not one. */
  readonly listenersFirst: boolean;
}

export const SOCKET_TABLES: readonly SocketTable[] = [
  { file: 'tcp', protocol: 'tcp', family: 'ipv4', listening: '0A', listenersFirst: true },
  { file: 'tcp6', protocol: 'tcp', family: 'ipv6', listening: '0A', listenersFirst: true },
  { file: 'udp', protocol: 'udp', family: 'ipv4', listening: '07', listenersFirst: false },
  { file: 'udp6', protocol: 'udp', family: 'ipv6', listening: '07', listenersFirst: false },
  { file: 'udplite', protocol: 'udplite', family: 'ipv4', listening: '07', listenersFirst: false },
  { file: 'udplite6', protocol: 'udplite', family: 'ipv6', listening: '07', listenersFirst: false },
  { file: 'raw', protocol: 'raw', family: 'ipv4', listening: null, listenersFirst: false },
  { file: 'raw6', protocol: 'raw', family: 'ipv6', listening: null, listenersFirst: false },
];

export interface ParsedRows {
  readonly sockets: readonly SocketRecord[];
  /** Rows that could not be understood. */
  readonly unreadable: number;
  /** A row that is no listener came, in a table that prints listeners first: nothing of interest follows. */
  readonly pastListeners: boolean;
}

const HEADER = /^\s+sl\s/;
// sl: local remote st tx:rx tr:when retrnsmt uid timeout inode ...
const ROW = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]{8,32}:[0-9A-F]{4} ([0-9A-F]{2}) \S+ \S+ \S+ +(\d{1,10}) +\d+ (\d{1,10})(?: |$)/;

/** Parses rows of one table; the header line and blank lines are passed over. */
export function parseSocketRows(lines: readonly string[], table: SocketTable): ParsedRows {
  const sockets: SocketRecord[] = [];
  let unreadable = 0;
  for (const line of lines) {
    if (line === '' || HEADER.test(line)) continue;
    const row = ROW.exec(line);
    const address = row === null ? null : decodeAddress(row[1] ?? '', table.family);
    if (row === null || address === null) {
      unreadable += 1;
      continue;
    }
    if (table.listening !== null && row[3] !== table.listening) {
      if (table.listenersFirst) return { sockets, unreadable, pastListeners: true };
      continue;
    }
    sockets.push({
      protocol: table.protocol,
      family: table.family,
      address,
      port: parseInt(row[2] ?? '', 16),
      interfaceIndex: 0,
      inode: Number(row[5]),
      uid: Number(row[4]),
      cookie: null,
      v6only: null,
      cgroupId: null,
      holder: null,
    });
  }
  return { sockets, unreadable, pastListeners: false };
}

/** The kernel prints the address as 32-bit words in its own byte order. */
export function decodeAddress(hex: string, family: Family): string | null {
  if (hex.length !== (family === 'ipv4' ? 8 : 32)) return null;
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const place = LITTLE_ENDIAN ? (index & ~3) + 3 - (index & 3) : index;
    bytes[place] = parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  }
  return family === 'ipv4' ? formatIpv4(bytes) : formatIpv6(bytes);
}

// ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS
const SCTP_ROW = /^\s*\S+ +\S+ +\d+ +(\d+) +\d+ +(\d{1,5}) +(\d{1,10}) +(\d{1,10}) +(.*)$/;
const SCTP_LISTENING = '10';

/** Parses /proc/net/sctp/eps: an endpoint with several local addresses gives a record for each (net/sctp/proc.c). */
export function parseSctpEndpoints(lines: readonly string[]): ParsedRows {
  const sockets: SocketRecord[] = [];
  let unreadable = 0;
  for (const line of lines) {
    if (line.trim() === '' || line.includes('ENDPT')) continue;
    const row = SCTP_ROW.exec(line);
    const port = Number(row?.[2]);
    const addresses = (row?.[5] ?? '').split(' ').map(parseIpAddress).filter((address) => address !== null);
    if (row === null || port > 65_535 || addresses.length === 0) {
      unreadable += 1;
      continue;
    }
    if (row[1] !== SCTP_LISTENING) continue;
    for (const { family, bytes } of addresses) {
      sockets.push({
        protocol: 'sctp',
        family,
        address: family === 'ipv4' ? formatIpv4(bytes) : formatIpv6(bytes),
        port,
        interfaceIndex: 0,
        inode: Number(row[4]),
        uid: Number(row[3]),
        cookie: null,
        v6only: null,
        cgroupId: null,
        holder: null,
      });
    }
  }
  return { sockets, unreadable, pastListeners: false };
}
