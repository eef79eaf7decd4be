import { dirname, join } from 'node:path';
import type { Gap } from '../../model/coverage.ts';
import { nameLocalEnd, type ConnectedProtocol, type LocalEnds, type PeerQuestion, type PeerReading } from '../../model/peers.ts';
import type { Family } from '../../model/socket.ts';
import { addPeer, countPeers, startTally, unmapAddress, type PeerTally } from '../tally-peers.ts';
import { readLines } from './read-lines.ts';
import { decodeAddress } from './socket-table.ts';

/** The states of CONNECTED_STATES of the netlink source, as /proc/net prints them. */
const CONNECTED: Readonly<Record<ConnectedProtocol, readonly string[]>> = { tcp: ['01', '04', '05', '08', '09', '0B'], udp: ['01'] };

const HEADER = /^\s+sl\s/;
// sl: local remote st ...
const ROW = /^\s*\d+: [0-9A-F]{8,32}:([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} ([0-9A-F]{2}) /;
const LOCAL_END = /^\s*\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]{8,32}:[0-9A-F]{4} ([0-9A-F]{2}) /;

/**
 * Who is connected to local ports, from /proc/net (proc(5)). The kernel prints every socket of the host, so this costs
 * 40 ms with 16,000 connections. `namespacePath` is a `/proc/<pid>/ns/net`.
 */
export function readProcfsPeers({ ports, protocols }: PeerQuestion, proc: string, namespacePath?: string): PeerReading {
  const net = namespacePath === undefined ? join(proc, 'net') : join(dirname(dirname(namespacePath)), 'net');
  const gaps: Gap[] = [];
  const peers = protocols.flatMap((protocol) => {
    const tallies = ([['ipv4', protocol], ['ipv6', `${protocol}6`]] as const).flatMap(([family, file]) => {
      const tally = startTally();
      let unreadable = 0;
      try {
        readLines(join(net, file), (lines) => {
          unreadable += tallyPeerRows(lines, protocol, family, ports, tally);
          return true;
        });
      } catch (cause) {
        const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
        // Without IPv6 in the kernel there is no such file.
        if (code !== 'ENOENT') gaps.push({ code: 'protocol-unavailable', detail: `connections: cannot read ${join(net, file)}: ${code}`, count: 1, hides: 'details' });
        return [];
      }
      if (unreadable > 0) gaps.push({ code: 'rows-unreadable', detail: `connections: rows of ${join(net, file)} that could not be understood`, count: unreadable, hides: 'details' });
      return [tally];
    });
    return tallies.length === 0 ? [] : [countPeers(protocol, tallies)];
  });
  return { peers, gaps };
}

/** Adds the peers of the rows on these local ports to a tally; gives how many rows could not be understood. */
export function tallyPeerRows(lines: readonly string[], protocol: ConnectedProtocol, family: Family, [from, to]: readonly [number, number], tally: PeerTally): number {
  let unreadable = 0;
  for (const line of lines) {
    if (line === '' || HEADER.test(line)) continue;
    const row = ROW.exec(line);
    const port = parseInt(row?.[1] ?? '', 16);
    if (row !== null && (port < from || port > to || !CONNECTED[protocol].includes(row[3] ?? ''))) continue;
    const address = row === null ? null : decodeAddress(row[2] ?? '', family);
    if (address === null) unreadable += 1;
    else addPeer(tally, unmapAddress(address));
  }
  return unreadable;
}

/** The local ends of all connections to these ports; null where a table could not be read whole. */
export function readProcfsLocalEnds({ protocols }: PeerQuestion, wanted: ReadonlySet<number>, proc: string, namespacePath?: string): LocalEnds | null {
  const net = namespacePath === undefined ? join(proc, 'net') : join(dirname(dirname(namespacePath)), 'net');
  const ends = new Set<string>();
  let isWhole = true;
  for (const protocol of protocols) {
    for (const [family, file] of [['ipv4', protocol], ['ipv6', `${protocol}6`]] as const) {
      try {
        readLines(join(net, file), (lines) => {
          for (const line of lines) {
            if (line === '' || HEADER.test(line)) continue;
            const [, local = '', hexPort = '', state = ''] = LOCAL_END.exec(line) ?? [];
            const address = decodeAddress(local, family);
            const port = parseInt(hexPort, 16);
            if (address === null) isWhole = false;
            else if (CONNECTED[protocol].includes(state) && wanted.has(port)) ends.add(nameLocalEnd(protocol, unmapAddress(address), port));
          }
          return true;
        });
      } catch (cause) {
        // Without IPv6 in the kernel there is no such file; without the other one, the process has left.
        if (family === 'ipv4' || (cause as NodeJS.ErrnoException).code !== 'ENOENT') isWhole = false;
      }
    }
  }
  return isWhole ? ends : null;
}
