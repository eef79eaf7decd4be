import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { EphemeralPorts, SocketDump, SocketRecord } from '../../model/socket.ts';
import { isSameSocket } from '../../model/socket.ts';
import { nameInterface } from '../../native/interface-name.ts';
import type { NetlinkTransport } from '../../native/netlink-socket.ts';
import { readEphemeralPorts } from '../procfs/ephemeral-ports.ts';
import { SOCKET_TABLES } from '../procfs/socket-table.ts';
import { readSocketTables } from '../procfs/source.ts';
import { DIAG_TABLES, type DiagTable } from './sock-diag.ts';
import { createTableMemory, type TableMemory, type TableReading } from './table-memory.ts';

/** Raw sockets come from /proc/net: raw_diag is rarely built, and asking for it would load a module. */
const RAW_TABLES = SOCKET_TABLES.filter((table) => table.protocol === 'raw');
/** Both raw tables take 0.06 ms, as much as all of netlink on an idle host: they are read at every thirtieth dump, and UDP-Lite with them, which hardly anyone uses. */
const RARE_EVERY = 30;

/** The sockets of one network namespace, read again and again. */
export interface NamespaceMemory {
  /**
   * To be called with the thread inside the namespace. The same object as before where nothing changed. A raw socket, or one
   * of UDP-Lite, is seen at the thirtieth dump at the latest.
   * @param everything also what hardly changes: the protocols that the kernel has loaded, the ephemeral range, the names of
   *   interfaces, and raw sockets
   * @param isTcpSteady no TCP socket began or ceased to listen since the dump before
   * @throws PortreeveError as `TableMemory.read`
   */
  dump(transport: NetlinkTransport, everything: boolean, isTcpSteady?: boolean): SocketDump;
}

export function createNamespaceMemory(proc: string): NamespaceMemory {
  // /proc/net itself means the main thread's namespace, and the namespace of this very call counts.
  const net = join(proc, 'thread-self/net');
  let tables: ReadonlyMap<string, readonly TableMemory[]> = new Map();
  let memories: readonly { readonly protocol: string; readonly memory: TableMemory }[] = [];
  let readings: readonly TableReading[] = [];
  let raw: TableReading = { sockets: [], gaps: [] };
  let sinceRare = 0;
  let ephemeralPorts: EphemeralPorts | undefined;
  let last: SocketDump | null = null;

  /** What belongs to sockets and can be another while they are the same. */
  const describe = (sockets: readonly SocketRecord[]) => ({ interfaces: nameInterfaces(sockets), ephemeralPorts });

  return {
    dump(transport, everything, isTcpSteady = false) {
      const anew = everything || last === null;
      if (anew) {
        tables = new Map(loadedTables(net).map((table) => [table.protocol, tables.get(table.protocol) ?? [createTableMemory(table, 'ipv4'), createTableMemory(table, 'ipv6')]]));
        memories = [...tables].flatMap(([protocol, families]) => families.map((memory) => ({ protocol, memory })));
        ephemeralPorts = readEphemeralPorts(proc);
      }
      sinceRare = anew || sinceRare + 1 >= RARE_EVERY ? 0 : sinceRare + 1;
      const isRest = (protocol: string): boolean => !anew && ((protocol === 'tcp' && isTcpSteady) || (protocol === 'udplite' && sinceRare > 0));
      const now = memories.map(({ protocol, memory }) => (isRest(protocol) ? memory.recall() : null) ?? memory.read(transport));
      const nowRaw = sinceRare === 0 ? readRaw(net, raw) : raw;
      const isSame = last !== null && nowRaw === raw && now.length === readings.length && now.every((reading, index) => reading === readings[index]);
      if (last !== null && isSame && (!anew || isDeepStrictEqual(describe(last.sockets), { interfaces: last.interfaces, ephemeralPorts: last.ephemeralPorts }))) return last;
      readings = now;
      raw = nowRaw;
      const sockets = [...now, raw].flatMap((reading) => reading.sockets);
      const { interfaces, ephemeralPorts: ports } = describe(sockets);
      last = { sockets, gaps: [...now, raw].flatMap((reading) => reading.gaps), interfaces, ...(ports === undefined ? {} : { ephemeralPorts: ports }) };
      return last;
    },
  };
}

function nameInterfaces(sockets: readonly SocketRecord[]): ReadonlyMap<number, string> {
  const interfaces = new Map<number, string>();
  for (const { interfaceIndex } of sockets) {
    if (interfaceIndex !== 0 && !interfaces.has(interfaceIndex)) interfaces.set(interfaceIndex, nameInterface(interfaceIndex));
  }
  return interfaces;
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

/** Counters of a raw socket move with every packet, so that what is compared is what the rows say. */
function readRaw(net: string, before: TableReading): TableReading {
  let now: TableReading;
  try {
    now = readSocketTables(net, RAW_TABLES);
  } catch (cause) {
    now = { sockets: [], gaps: [{ code: 'protocol-unavailable', detail: `raw sockets could not be read: ${(cause as Error).message}`, count: 1, hides: 'listeners' }] };
  }
  const same =
    now.sockets.length === before.sockets.length &&
    now.sockets.every((socket, index) => isSameSocket(socket, before.sockets[index] ?? socket)) &&
    now.gaps.length === before.gaps.length &&
    now.gaps.every(({ detail, count }, index) => detail === before.gaps[index]?.detail && count === before.gaps[index].count);
  return same ? before : now;
}
