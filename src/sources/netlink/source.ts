import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Gap } from '../../model/coverage.ts';
import { PortreeveError } from '../../model/errors.ts';
import type { Family, SocketDump, SocketRecord, SocketSource } from '../../model/socket.ts';
import { errnoName } from '../../native/errno.ts';
import { nameInterface } from '../../native/interface-name.ts';
import { insideNetworkNamespace } from '../../native/network-namespace.ts';
import { NETLINK_SOCK_DIAG, openNetlinkSocket, type NetlinkTransport } from '../../native/netlink-socket.ts';
import { readEphemeralPorts } from '../procfs/ephemeral-ports.ts';
import { SOCKET_TABLES } from '../procfs/socket-table.ts';
import { readSocketTables } from '../procfs/source.ts';
import { runDump, type DumpOutcome } from './dump.ts';
import { readKernelServices } from './kernel-services.ts';
import { decodeDiagMessage, DIAG_TABLES, encodeDiagRequest, SOCK_DIAG_BY_FAMILY, type DiagTable } from './sock-diag.ts';

/** Raw sockets come from /proc/net: raw_diag is rarely built, and asking for it would load a module. */
const RAW_TABLES = SOCKET_TABLES.filter((table) => table.protocol === 'raw');

/**
 * The kernel's own answer over NETLINK_SOCK_DIAG (sock_diag(7)). Filters by state in the kernel, so that established
 * connections cost nothing. Other network namespaces are entered for the moment in which the socket is opened.
 */
export function createNetlinkSource(proc = '/proc'): SocketSource {
  /** The work itself is synchronous, for it may have to move this thread to another namespace and back. */
  const within = <T>(namespacePath: string | undefined, work: () => T): Promise<T> =>
    new Promise((resolve) => {
      resolve(namespacePath === undefined ? work() : insideNetworkNamespace(namespacePath, work));
    });
  return {
    name: 'netlink',
    dump: (namespacePath) => within(namespacePath, () => dumpHere(proc)),
    kernelServices: (namespacePath) => within(namespacePath, () => readKernelServices(proc, namespacePath === undefined)),
  };
}

function dumpHere(proc: string): SocketDump {
  // /proc/net itself means the main thread's namespace, and the namespace of this very call counts.
  const net = join(proc, 'thread-self/net');
  const transport = openNetlinkSocket(NETLINK_SOCK_DIAG);
  const sockets: SocketRecord[] = [];
  const gaps: Gap[] = [];
  try {
    for (const table of loadedTables(net)) {
      for (const family of ['ipv4', 'ipv6'] as const) {
        const read = dumpTable(transport, table, family);
        for (const socket of read.sockets) sockets.push(socket);
        gaps.push(...read.gaps);
      }
    }
  } finally {
    transport.close();
  }
  try {
    const raw = readSocketTables(net, RAW_TABLES);
    sockets.push(...raw.sockets);
    gaps.push(...raw.gaps);
  } catch (cause) {
    gaps.push({ code: 'protocol-unavailable', detail: `raw sockets could not be read: ${(cause as Error).message}`, count: 1, hides: 'listeners' });
  }
  const interfaces = new Map<number, string>();
  for (const { interfaceIndex } of sockets) {
    if (interfaceIndex !== 0 && !interfaces.has(interfaceIndex)) interfaces.set(interfaceIndex, nameInterface(interfaceIndex));
  }
  const ephemeralPorts = readEphemeralPorts(proc);
  return { sockets, gaps, interfaces, ...(ephemeralPorts === undefined ? {} : { ephemeralPorts }) };
}

/** The tables of the protocols that the kernel has loaded; TCP and UDP where it does not say. */
function loadedTables(net: string): readonly DiagTable[] {
  let names: Set<string> | null = null;
  try {
    names = new Set(readFileSync(join(net, 'protocols'), 'latin1').split('\n').map((line) => line.split(' ', 1)[0] ?? ''));
  } catch {
    // Without the list only what every kernel has is asked for.
  }
  return DIAG_TABLES.filter((table) => table.protocol === 'tcp' || table.protocol === 'udp' || names?.has(table.procName) === true);
}

/**
 * Dumps one table in one family over an open transport.
 * @throws PortreeveError `source-unsupported` where the kernel does not answer for TCP over IPv4
 */
export function dumpTable(transport: NetlinkTransport, table: DiagTable, family: Family): SocketDump {
  let byIdentity = new Map<string | bigint | number, SocketRecord>();
  const outcome = runDump(transport, SOCK_DIAG_BY_FAMILY, encodeDiagRequest(table, family), () => {
    byIdentity = new Map();
    return (type, body) => {
      if (type !== SOCK_DIAG_BY_FAMILY) return false;
      const records = decodeDiagMessage(body, table);
      if (records === null) return false;
      // A socket that moves within its hash chain during a dump is reported twice; its cookie tells.
      for (const record of records) byIdentity.set(records.length === 1 ? record.cookie ?? record.inode ?? 0 : `${record.cookie}/${record.address}`, record);
      return true;
    };
  });
  const title = `${table.protocol} over ${family}`;
  if (outcome.errno !== null && table.protocol === 'tcp' && family === 'ipv4') {
    throw new PortreeveError('source-unsupported', `the kernel does not answer sock_diag requests for ${title}: ${errnoName(outcome.errno)}`, {
      hint: 'the modules inet_diag and tcp_diag may be missing or forbidden; --source procfs works without them',
    });
  }
  return { sockets: [...byIdentity.values()], gaps: gapsOf(outcome, title) };
}

function gapsOf(outcome: DumpOutcome, title: string): readonly Gap[] {
  const gaps: Gap[] = [];
  if (outcome.errno !== null) {
    gaps.push({ code: 'protocol-unavailable', detail: `the kernel did not give its ${title} sockets: ${errnoName(outcome.errno)}`, count: 1, hides: 'listeners' });
  }
  if (outcome.incomplete !== null) {
    const reason = outcome.detail ?? (outcome.incomplete === 'interrupted' ? 'the table changed during every attempt to read it' : 'messages were larger than the buffer');
    gaps.push({ code: outcome.incomplete === 'truncated' ? 'dump-truncated' : 'dump-interrupted', detail: `${title}: ${reason}; run the audit again`, count: 1, hides: 'listeners' });
  }
  if (outcome.malformed > 0) {
    gaps.push({ code: 'rows-unreadable', detail: `${title}: messages from the kernel that could not be understood`, count: outcome.malformed, hides: 'listeners' });
  }
  return gaps;
}

/** Inode of the network namespace that this process is in, or null where the system has none to tell. */
export function ownNetworkNamespace(proc: string): number | null {
  try {
    return statSync(join(proc, 'self/ns/net')).ino;
  } catch {
    return null;
  }
}
