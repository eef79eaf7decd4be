import type { PortreeveEvent } from '../model/event.ts';
import type { History } from '../model/history.ts';
import { cleanText, displayWidth } from '../model/untrusted-text.ts';
import { fitColumns, GUTTER, type FittedColumn, type TextColumn } from './columns.ts';
import { renderPortHistory, showTime } from './history-port.ts';
import { paint, type Style } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const LONGEST_MESSAGE = 1000;

interface Row {
  readonly time: string;
  readonly kind: string;
  readonly severity: string;
  readonly place: string;
  readonly owner: string;
  readonly message: string;
  readonly style: Style | null;
}

const COLUMNS: readonly TextColumn<Row>[] = [
  { title: 'TIME (UTC)', rank: 6, least: 19, good: 19, cell: (row) => row.time },
  { title: 'KIND', rank: 5, least: 9, good: 10, cell: (row) => row.kind },
  { title: 'SEVERITY', rank: 3, least: 8, good: 8, cell: (row) => row.severity },
  { title: 'PLACE', rank: 4, least: 9, good: 20, cell: (row) => row.place },
  { title: 'OWNER', rank: 2, least: 12, good: 20, cell: (row) => row.owner },
  { title: 'MESSAGE', rank: 1, least: 20, good: 60, cell: (row) => row.message },
];

/** For people: who holds the port and since when, where one was asked for; then what happened, oldest first. */
export function* renderHistoryTable(history: History, options: TextOptions): Generator<string> {
  const { columns, colour } = options;
  if (history.port !== null) {
    for (const line of renderPortHistory(history.port, history.oldest, options)) yield `${line}\n`;
    if (history.port.tenures.length === 0 && history.events.length === 0) return;
    yield '\n';
  }
  if (history.events.length === 0) {
    for (const line of wrapText(`No events that fit.${reach(history, options)}`, columns)) yield `${line}\n`;
    return;
  }
  const rows = history.events.map((event) => buildRow(event, options));
  const fitted = fitColumns(COLUMNS, rows, columns - INDENT.length, 5);
  yield `${paint(formatLine(fitted, (column) => column.title, options), 'bold', colour)}\n`;
  for (const row of rows) yield `${paint(formatLine(fitted, (column) => column.cell(row), options), row.style, colour)}\n`;
  const most = history.events.length === history.query.limit ? ` The newest ${history.events.length}; there may be more (--limit).` : '';
  for (const line of wrapText(`${word.count(history.events.length, 'event')}.${most}${reach(history, options)}`, columns)) yield `${line}\n`;
}

/** How far back the log goes: what happened before is not known. */
function reach({ oldest, source }: History, options: TextOptions): string {
  const from = source.kind === 'daemon' ? ' As the daemon tells it.' : '';
  return oldest === null ? from : ` The event log begins ${showTime(oldest, options)} UTC.`;
}

function buildRow({ time, kind, severity, audience, listener, message }: PortreeveEvent, options: TextOptions): Row {
  return {
    time: showTime(time, options),
    kind,
    severity,
    place: listener === null ? '-' : `${word.portLabel(listener)} ${word.addressLabel(listener, options)}`,
    owner: listener === null ? '-' : word.ownerLabel(listener, options),
    // Cleaned by whoever made it; made harmless again, and not escaped twice.
    message: cleanText(message.slice(0, LONGEST_MESSAGE), { ascii: options.ascii, again: true }),
    style: audience === 'record' ? 'faint' : severity,
  };
}

function formatLine(fitted: readonly FittedColumn<Row>[], textOf: (column: TextColumn<Row>) => string, options: TextOptions): string {
  let line = INDENT;
  for (const { column, width } of fitted) {
    const text = word.fitText(textOf(column), width, options);
    line += text + ' '.repeat(width - displayWidth(text) + GUTTER);
  }
  return line.trimEnd();
}
