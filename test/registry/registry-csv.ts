import type { Transport } from '../../src/model/registry.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';

export const HEADER = [
  'Service Name',
  'Port Number',
  'Transport Protocol',
  'Description',
  'Assignee',
  'Contact',
  'Registration Date',
  'Modification Date',
  'Reference',
  'Service Code',
  'Unauthorized Use Reported',
  'Assignment Notes',
];

export interface CsvRowParts {
  readonly service?: string;
  readonly port?: string;
  readonly transport?: Transport | '';
  readonly description?: string;
  readonly registered?: string;
  readonly modified?: string;
  readonly notes?: string;
  readonly unauthorizedUse?: string;
}

/** Writes cells as CSV, quoting each that needs it. */
export function writeCsv(rows: readonly (readonly string[])[], lineEnd = '\n'): string {
  const quote = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.split('"').join('""')}"` : cell);
  return rows.map((row) => row.map(quote).join(',') + lineEnd).join('');
}

function cellsOf(row: CsvRowParts): string[] {
  const { service = '', port = '', transport = '', description = '', registered = '', modified = '', notes = '', unauthorizedUse = '' } = row;
  return [service, port, transport, description, '', '', registered, modified, '', '', unauthorizedUse, notes];
}

/** A CSV with the official columns. The row that dates it has no port, so it says nothing of any. */
export function registryCsv(rows: readonly CsvRowParts[], date = '2026-02-13'): Buffer {
  return Buffer.from(writeCsv([HEADER, ...[...rows, { service: 'dated', registered: date }].map(cellsOf)]));
}

/**
 * A CSV that is whole as the official one is: a row for every port below 49152, made from the embedded facts, and the
 * service names without a port behind them. `change` replaces the rows of a port.
 */
export function wholeRegistryCsv(change: ReadonlyMap<number, readonly CsvRowParts[]> = new Map(), date = '2026-02-13'): Buffer {
  const registry = loadEmbeddedRegistry();
  const words = { assigned: 'any use', unassigned: 'Unassigned', reserved: 'Reserved', 'de-assigned': 'De-registered', dynamic: '' };
  const rows: CsvRowParts[] = [];
  const isFree = (port: number): boolean =>
    port < 49152 && !change.has(port) && TRANSPORTS.every((transport) => registry.lookup(port, transport).status === 'unassigned');
  for (let port = 0; port < 49152; port += 1) {
    const changed = change.get(port);
    if (changed !== undefined) rows.push(...changed);
    else if (isFree(port)) {
      const first = port;
      while (isFree(port + 1)) port += 1;
      rows.push({ port: first === port ? `${port}` : `${first}-${port}`, description: 'Unassigned' });
    } else {
      for (const transport of TRANSPORTS) {
        const { status, service } = registry.lookup(port, transport);
        if (status === 'unassigned' && transport !== 'tcp') continue;
        rows.push({ port: `${port}`, transport, service: service ?? '', description: words[status], modified: port === 0 ? date : '' });
      }
    }
  }
  for (let index = 0; index < 600; index += 1) rows.push({ service: `${'abcdefghijklmnopqrstuvwxyz'.charAt(Math.floor(index / 24))}-name`, registered: date });
  rows.push({ service: 'zigbee', registered: date });
  return Buffer.from(writeCsv([HEADER, ...rows.map(cellsOf)], '\r\n'));
}
