import { readConnectionRow } from './connection-row.ts';
import { portableGaps } from './portable-gaps.ts';
import type { PortablePlatform } from './portable-platform.ts';
import type { SocketDump, SocketRecord } from '../../model/socket.ts';

/**
 * The listeners among the rows of systeminformation's networkConnections(), and what could not be seen. Pure and total:
 * the rows are text that a command printed, so a row that cannot be understood is counted, and none throws.
 *
 * Each row stands for one socket, so equal rows stay: they are SO_REUSEPORT siblings of one process. A process whose name
 * holds a line break can forge a row where netstat prints names; it can add one, not take one away.
 */
export function listenersFromConnections(rows: unknown, platform: PortablePlatform): SocketDump {
  const sockets: SocketRecord[] = [];
  let otherSockets = 0;
  let unreadable = 0;
  for (const row of Array.isArray(rows) ? (rows as unknown[]) : []) {
    const reading = readConnectionRow(row, platform);
    if (reading === 'unreadable') unreadable++;
    else if (reading === 'other-socket') otherSockets++;
    else if (reading !== 'heading') sockets.push(reading);
  }
  return { sockets, gaps: portableGaps(platform, { listeners: sockets.length, otherSockets, unreadable }) };
}
