import { isUtf8 } from 'node:buffer';
import type { Transport } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { invalidRegistry } from './invalid-registry.ts';
import type { CsvRow } from './read-csv.ts';
import { readCsvRows } from './read-csv.ts';
import { isFullDate, parseRegistryDate } from './registry-date.ts';

/** A row of the registry that names a port or a range. */
export interface RegistryRow {
  /** Line of the file, from 1. Grows from row to row, so it also orders them. */
  readonly line: number;
  readonly first: number;
  readonly last: number;
  /** Null: the row stands for every transport. */
  readonly transport: Transport | null;
  readonly service: string | null;
  readonly description: string;
  /** YYYY-MM-DD or YYYY-MM. */
  readonly registered: string | null;
  readonly modified: string | null;
  readonly notes: string;
  /** What was reported of unauthorised use; empty for nothing, and where the file has no such column. */
  readonly unauthorizedUse: string;
}

/** A registry CSV, read whole. */
export interface RegistryCsv {
  readonly file: string;
  /** Rows with a port, in the order of the file. */
  readonly rows: readonly RegistryRow[];
  /** Rows that register a service name without a port; the file ends with them. */
  readonly portlessRows: number;
  /** Service name of the very last row. */
  readonly lastService: string;
  /** The newest day in the two date columns. It is the day in the name of each official file that was looked at. */
  readonly updated: string;
}

const REQUIRED_COLUMNS = [
  'Service Name',
  'Port Number',
  'Transport Protocol',
  'Description',
  'Registration Date',
  'Modification Date',
  'Assignment Notes',
] as const;
type Column = (typeof REQUIRED_COLUMNS)[number];
type Columns = Readonly<Record<Column, number>>;

/** The title of a further column, and the one that it had in the files up to 2018. */
const UNAUTHORIZED_USE = ['Unauthorized Use Reported', 'Known Unauthorized Uses'];

/** The official file has 14,500 rows (2026). What has more than this is not the registry. */
const MAX_ROWS = 50_000;

/**
 * What a service name may look like. RFC 6335, section 5.1 allows letters, digits and hyphens; older official files
 * also have "whois++", "cl/1" and "Escale (Newton Dock)". No comma, tab or quote: names are joined with these.
 */
const SERVICE_NAME = /^[A-Za-z0-9][A-Za-z0-9 +*/._()-]{0,63}$/;

const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?$/;

export function isServiceName(name: string): boolean {
  return SERVICE_NAME.test(name);
}

/**
 * Reads the bytes of a registry CSV. Columns are found by their title, so their order and further columns do not
 * matter (the file of 2018 has another title for one that is not used). It does not ask whether the registry is all
 * there: that is `checkWhole`.
 * @throws PortreeveError `registry-invalid`, with `file` and the line
 */
export function readRegistryCsv(content: Uint8Array, file: string): RegistryCsv {
  const records = readCsvRows(decodeText(content, file), file);
  const header = records.next();
  if (header.done === true) throw invalidRegistry(file, null, 'the file is empty');
  const columns = findColumns(header.value, file);
  const unauthorizedUse = header.value.cells.findIndex((title) => UNAUTHORIZED_USE.includes(title.trim()));

  const rows: RegistryRow[] = [];
  let portlessRows = 0;
  let lastService = '';
  let updated = '';
  for (const { line, cells } of records) {
    if (cells.length !== header.value.cells.length) {
      throw invalidRegistry(file, line, `${cells.length} columns where the header has ${header.value.cells.length}: the file is cut or damaged`);
    }
    if (rows.length + portlessRows === MAX_ROWS) throw invalidRegistry(file, line, `more than ${MAX_ROWS} rows: this is not the registry`);
    const cell = (column: Column): string => (cells[columns[column]] ?? '').trim();
    const registered = parseRegistryDate(cell('Registration Date'));
    const modified = parseRegistryDate(cell('Modification Date'));
    for (const date of [registered, modified]) if (date !== null && isFullDate(date) && date > updated) updated = date;

    lastService = cell('Service Name');
    if (cell('Port Number') === '') {
      portlessRows += 1;
      continue;
    }
    rows.push({
      line,
      ...parsePorts(cell('Port Number'), file, line),
      transport: parseTransport(cell('Transport Protocol'), file, line),
      service: parseService(lastService, file, line),
      description: cell('Description'),
      registered,
      modified,
      notes: cell('Assignment Notes'),
      unauthorizedUse: (cells[unauthorizedUse] ?? '').trim(),
    });
  }
  if (updated === '') throw invalidRegistry(file, null, 'no row has a date, so the age of the registry cannot be told');
  return { file, rows, portlessRows, lastService, updated };
}

/** @throws PortreeveError `registry-invalid` for what is not text, and for a web page in the place of the file */
export function decodeText(content: Uint8Array, file: string): string {
  if (content.length === 0) throw invalidRegistry(file, null, 'the file is empty');
  if (content.includes(0)) throw invalidRegistry(file, null, 'the file is binary (it has NUL bytes)');
  if (!isUtf8(content)) throw invalidRegistry(file, null, 'the file is not UTF-8 text');
  const text = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('utf8');
  const start = text.slice(0, 512).trimStart();
  if (start === '') throw invalidRegistry(file, null, 'the file is empty');
  if (/^<(?:!doctype|html|\?xml)/i.test(start)) throw invalidRegistry(file, 1, 'this is a web page (HTML or XML), not the CSV');
  return text;
}

function findColumns(header: CsvRow, file: string): Columns {
  const titles = header.cells.map((title) => title.trim());
  const missing = REQUIRED_COLUMNS.filter((column) => !titles.includes(column));
  if (missing.length > 0) throw invalidRegistry(file, header.line, `no column ${missing.map((column) => `"${column}"`).join(', ')}`);
  const twice = REQUIRED_COLUMNS.find((column) => titles.indexOf(column) !== titles.lastIndexOf(column));
  if (twice !== undefined) throw invalidRegistry(file, header.line, `two columns are called "${twice}"`);
  return Object.fromEntries(REQUIRED_COLUMNS.map((column) => [column, titles.indexOf(column)])) as Record<Column, number>;
}

function parsePorts(text: string, file: string, line: number): { first: number; last: number } {
  const match = PORTS.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || last > 65535 || first > last) {
    throw invalidRegistry(file, line, `${JSON.stringify(text.slice(0, 40))} is not a port (0-65535) or a range of ports`);
  }
  return { first, last };
}

function parseTransport(text: string, file: string, line: number): Transport | null {
  if (text === '') return null;
  const transport = TRANSPORTS.find((known) => known === text.toLowerCase());
  if (transport === undefined) throw invalidRegistry(file, line, `${JSON.stringify(text.slice(0, 40))} is not a transport (${TRANSPORTS.join(', ')})`);
  return transport;
}

function parseService(text: string, file: string, line: number): string | null {
  if (text === '') return null;
  if (!isServiceName(text)) throw invalidRegistry(file, line, `${JSON.stringify(text.slice(0, 80))} is not a service name`);
  return text;
}
