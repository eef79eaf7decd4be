import type { PortreeveEvent } from '../model/event.ts';
import type { History } from '../model/history.ts';
import type { Owner } from '../model/listener.ts';
import { formatJson } from '../model/ascii-json.ts';
import { listenerRecord } from './audit-data.ts';
import { renderCell, type CellValue } from './csv-cell.ts';
import { renderHistoryTable } from './history-table.ts';
import type { ReportFormat } from './render.ts';
import type { TextOptions } from './text-options.ts';
import { standingFindings } from './wording.ts';

/** The history as text, in chunks of a line or an event each. Whatever is in an event, no control character comes out. */
export function renderHistory(history: History, format: ReportFormat, options: TextOptions): Iterable<string> {
  switch (format) {
    case 'table':
      return renderHistoryTable(history, options);
    case 'json':
      return renderHistoryJson(history);
    case 'ndjson':
      return history.events.map((event) => `${formatJson(eventRecord(event))}\n`);
    case 'csv':
      return renderHistoryCsv(history, options);
  }
}

/** Every key, in one order. */
function eventRecord(event: PortreeveEvent): PortreeveEvent {
  const { schema, id, sequence, time, host, kind, audience, severity, message, alert, listener, differences, detail } = event;
  return { schema, id, sequence, time, host, kind, audience, severity, message, alert, listener: listener === null ? null : listenerRecord(listener), differences, detail };
}

function* renderHistoryJson({ schema, query, source, oldest, port, events }: History): Generator<string> {
  const tenures = port?.tenures.map(({ listener, ...times }) => ({ ...times, listener: listenerRecord(listener) }));
  const whole = formatJson({ schema, query, source, oldest, port: port === null ? null : { ...port, tenures }, events: [] }, 2);
  if (events.length === 0) {
    yield `${whole}\n`;
    return;
  }
  yield whole.slice(0, -']\n}'.length);
  for (const [index, event] of events.entries()) yield `${index === 0 ? '' : ','}\n    ${formatJson(eventRecord(event), 2).replaceAll('\n', '\n    ')}`;
  yield '\n  ]\n}\n';
}

interface Column {
  readonly name: string;
  readonly cell: (event: PortreeveEvent) => CellValue | readonly CellValue[];
}

/** The columns, in their order; new ones are added at the end. Cells as in the audit's csv. */
export const HISTORY_CSV_COLUMNS: readonly Column[] = [
  { name: 'sequence', cell: (event) => event.sequence },
  { name: 'time', cell: (event) => event.time },
  { name: 'kind', cell: (event) => event.kind },
  { name: 'severity', cell: (event) => event.severity },
  { name: 'audience', cell: (event) => event.audience },
  { name: 'protocol', cell: ({ listener }) => listener?.protocol ?? null },
  { name: 'address', cell: ({ listener }) => listener?.address ?? null },
  { name: 'port', cell: ({ listener }) => listener?.port ?? null },
  { name: 'netns', cell: ({ listener }) => listener?.netns.name ?? listener?.netns.inode ?? null },
  { name: 'status', cell: ({ listener }) => listener?.registry?.status ?? null },
  { name: 'rules', cell: ({ listener }) => (listener === null ? [] : standingFindings(listener).map(({ rule }) => rule)) },
  { name: 'ownerKind', cell: ({ listener }) => listener?.ownerKind ?? null },
  perOwner('pids', ({ pid }) => pid),
  perOwner('names', ({ name }) => name),
  perOwner('exes', ({ exe }) => exe),
  perOwner('users', ({ user, uid }) => user ?? uid),
  perOwner('units', ({ unit }) => unit),
  perOwner('containers', ({ container }) => container),
  { name: 'alert', cell: ({ alert }) => alert?.id ?? null },
  { name: 'alertOpenedAt', cell: ({ alert }) => alert?.openedAt ?? null },
  { name: 'openings', cell: ({ alert }) => alert?.openings ?? null },
  { name: 'resolution', cell: ({ alert }) => alert?.resolution ?? null },
  { name: 'message', cell: (event) => event.message },
  { name: 'host', cell: (event) => event.host },
  { name: 'id', cell: (event) => event.id },
];

function perOwner(name: string, fact: (owner: Owner) => CellValue): Column {
  return { name, cell: ({ listener }) => listener?.owners.map(fact) ?? [] };
}

function* renderHistoryCsv({ events }: History, { ascii }: TextOptions): Generator<string> {
  yield `${HISTORY_CSV_COLUMNS.map(({ name }) => name).join(',')}\n`;
  // Whoever made a message cleaned what processes had chosen in it: that is not escaped twice.
  for (const event of events) yield `${HISTORY_CSV_COLUMNS.map(({ name, cell }) => renderCell(cell(event), { ascii, again: name === 'message' })).join(',')}\n`;
}
