import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Gap } from '../../model/coverage.ts';
import { PortreeveError } from '../../model/errors.ts';
import type { SocketDump, SocketRecord, SocketSource } from '../../model/socket.ts';
import { readKernelServices } from '../netlink/kernel-services.ts';
import { readEphemeralPorts } from './ephemeral-ports.ts';
import { readLines } from './read-lines.ts';
import { parseSctpEndpoints, parseSocketRows, SOCKET_TABLES, type ParsedRows, type SocketTable } from './socket-table.ts';

/**
 * The view of /proc/net. Needs no FFI and no privilege; costs more than netlink (the kernel walks its whole hash table
 * for each file) and cannot tell IPV6_V6ONLY, the socket cookie or the bound interface.
 */
export function createProcfsSource(proc = '/proc'): SocketSource {
  return {
    name: 'procfs',
    dump: (namespacePath) =>
      new Promise((resolve) => {
        resolve(dumpTables(proc, namespacePath));
      }),
    // What can be asked for here: all of it where netlink works too, the NFS server's ports in any case.
    kernelServices: (namespacePath) => Promise.resolve(namespacePath === undefined ? readKernelServices(proc, true) : []),
  };
}

function dumpTables(proc: string, namespacePath: string | undefined): SocketDump {
  const own = namespacePath === undefined;
  const { sockets, gaps } = readSocketTables(own ? join(proc, 'net') : netFolderOf(namespacePath), SOCKET_TABLES);
  const ephemeralPorts = own ? readEphemeralPorts(proc) : undefined;
  const details: Gap = {
    code: 'details-unavailable',
    detail: '/proc/net does not tell IPV6_V6ONLY, socket cookies or bound interfaces: an IPv6 wildcard is taken to cover IPv4 too unless its port has an IPv4 wildcard listener',
    count: sockets.filter((socket) => socket.family === 'ipv6').length,
    hides: 'details',
  };
  return { sockets, gaps: details.count > 0 ? [...gaps, details] : gaps, ...(ephemeralPorts === undefined ? {} : { ephemeralPorts }) };
}

/** `/proc/<pid>/ns/net` stands for the namespace whose tables are in `/proc/<pid>/net`. */
function netFolderOf(namespacePath: string): string {
  const process = dirname(dirname(namespacePath));
  if (!/\/\d+$/.test(process)) {
    throw new PortreeveError('source-unsupported', `the network namespace ${namespacePath} has no process whose /proc/PID/net shows its sockets`, {
      hint: 'run as root with --source netlink',
    });
  }
  return join(process, 'net');
}

/**
 * Reads the given tables of one /proc/net folder. A table that the kernel does not have (IPv6 switched off, no
 * UDP-Lite) is no gap; one that exists and cannot be read is.
 * @throws PortreeveError `source-unsupported` where not even the TCP table can be read
 */
export function readSocketTables(net: string, tables: readonly SocketTable[]): SocketDump {
  const sockets: SocketRecord[] = [];
  const gaps: Gap[] = [];
  const add = (file: string, parsed: ParsedRows) => {
    sockets.push(...parsed.sockets);
    if (parsed.unreadable > 0) {
      gaps.push({ code: 'rows-unreadable', detail: `rows of ${join(net, file)} that could not be understood`, count: parsed.unreadable, hides: 'listeners' });
    }
  };
  for (const table of tables) {
    try {
      add(table.file, readTable(join(net, table.file), table));
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      if (table.file === 'tcp') {
        throw new PortreeveError('source-unsupported', `cannot read ${join(net, 'tcp')}: ${code}`, { hint: 'is /proc mounted, and not hidden from this process?', cause });
      }
      if (code === 'ENOENT') continue;
      gaps.push({ code: 'protocol-unavailable', detail: `cannot read ${join(net, table.file)}: ${code}`, count: 1, hides: 'listeners' });
    }
  }
  if (tables === SOCKET_TABLES && existsSync(join(net, 'sctp/eps'))) {
    try {
      const lines: string[] = [];
      readLines(join(net, 'sctp/eps'), (more) => lines.push(...more) > 0);
      add('sctp/eps', parseSctpEndpoints(lines));
    } catch (cause) {
      gaps.push({ code: 'protocol-unavailable', detail: `cannot read ${join(net, 'sctp/eps')}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}`, count: 1, hides: 'listeners' });
    }
  }
  return { sockets, gaps };
}

function readTable(path: string, table: SocketTable): ParsedRows {
  const sockets: SocketRecord[] = [];
  let unreadable = 0;
  readLines(path, (lines) => {
    const parsed = parseSocketRows(lines, table);
    for (const socket of parsed.sockets) sockets.push(socket);
    unreadable += parsed.unreadable;
    return !parsed.pastListeners;
  });
  return { sockets, unreadable, pastListeners: false };
}
