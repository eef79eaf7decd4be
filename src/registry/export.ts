import type { AssignmentStatus, PortRange, PortRegistry, Transport } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { LAST_PORT } from './port-table.ts';

/** What `registry export` says of one port on one transport. */
export interface ExportRow {
  readonly port: number;
  readonly protocol: Transport;
  readonly status: AssignmentStatus;
  readonly range: PortRange;
  readonly service: string | null;
}

const COLUMNS = ['port', 'protocol', 'status', 'range', 'service'] as const;

/** 262,144 rows, one write each, would cost more than making them; a piece of so many ports is about 100 KB. */
const PORTS_PER_PIECE = 1024;

/** Every port on every transport: by port, then tcp, udp, sctp, dccp. */
export function* listPorts(registry: PortRegistry, first = 0, last: number = LAST_PORT): Generator<ExportRow> {
  for (let port = first; port <= last; port += 1) {
    for (const protocol of TRANSPORTS) {
      const { status, range, service } = registry.lookup(port, protocol);
      yield { port, protocol, status, range, service };
    }
  }
}

/**
 * The whole registry as text, in pieces of whole lines. `csv`: a header line, an empty cell for no service, LF line ends.
 * `ndjson`: one object with the same keys on each line, null for no service.
 */
export function* exportRegistry(registry: PortRegistry, format: 'csv' | 'ndjson'): Generator<string> {
  if (format === 'csv') yield `${COLUMNS.join(',')}\n`;
  const writeRow = format === 'csv' ? writeCsvRow : writeJsonRow;
  for (let first = 0; first <= LAST_PORT; first += PORTS_PER_PIECE) {
    let piece = '';
    for (const row of listPorts(registry, first, first + PORTS_PER_PIECE - 1)) piece += writeRow(row);
    yield piece;
  }
}

function writeCsvRow(row: ExportRow): string {
  return `${COLUMNS.map((column) => quoteCsvCell(String(row[column] ?? ''))).join(',')}\n`;
}

function writeJsonRow(row: ExportRow): string {
  return `${JSON.stringify(row)}\n`;
}

/** Quotes a cell where RFC 4180, section 2 asks for it. */
export function quoteCsvCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** How many of the 65,536 ports of a transport have each status. */
export function countStatuses(registry: PortRegistry, transport: Transport): Record<AssignmentStatus, number> {
  const counts: Record<AssignmentStatus, number> = { assigned: 0, unassigned: 0, reserved: 0, 'de-assigned': 0, dynamic: 0 };
  for (let port = 0; port <= LAST_PORT; port += 1) counts[registry.lookup(port, transport).status] += 1;
  return counts;
}
