import type { RegistryName } from '../model/registry-change.ts';
import type { RegistryStatus } from '../model/registry-state.ts';
import { ASSIGNMENT_STATUSES, TRANSPORTS } from '../model/registry.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { count, showText } from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
/** Wide enough for every label, and narrow enough for a table of five numbers beside it. */
const LABEL_COLUMNS = 10;

export function renderRegistryStatusJson(status: RegistryStatus): string {
  return `${formatJson(status, 2)}\n`;
}

/** The registry in force for people: what it is, how old, from where, what else there is, and what it holds. */
export function* renderRegistryStatus(status: RegistryStatus, options: TextOptions): Generator<string> {
  const { columns, colour } = options;
  const { kind, source, updated, origin, embedded, passedOver, previous, folder } = status;
  const field = (label: string, value: string): string[] => wrapText(value, columns, INDENT + label.padEnd(LABEL_COLUMNS), ' '.repeat(INDENT.length + LABEL_COLUMNS));
  const lines = [
    paint(`Registry of ${showText(updated, options)}, ${ageLabel(status)}`, 'bold', colour),
    ...field('in force', kind === 'embedded' ? 'embedded: it came with the program' : showText(source, options)),
    ...(origin === null ? [] : [...field('from', showText(origin.url, options)), ...field('fetched', fetchedLabel(origin.fetchedAt, origin.checkedAt, options))]),
    ...(typeof origin?.forcedOver === 'string' ? field('forced', `over the newer embedded one of ${showText(origin.forcedOver, options)}`) : []),
    ...(passedOver === null ? [] : field('ignored', `${nameLabel(passedOver, options)}: older than the embedded one`)),
    ...(kind === 'embedded' ? [] : field('embedded', `of ${showText(embedded.updated, options)}`)),
    ...field('previous', previous === null ? 'none' : nameLabel(previous, options)),
    ...field('updates', `go to ${showText(folder, options)}`),
    '',
    ...countLines(status).map((line, index) => paint(line, index === 0 ? 'bold' : null, colour)),
    ...(status.stale ? ['', ...wrapText(staleWarning(status), columns).map((line) => paint(line, 'warning', colour))] : []),
  ];
  for (const line of lines) yield `${line}\n`;
}

function ageLabel({ ageDays }: RegistryStatus): string {
  if (ageDays === 0) return 'of today';
  return ageDays > 0 ? `${count(ageDays, 'day')} old` : `${count(-ageDays, 'day')} ahead of this host's clock`;
}

function nameLabel({ source, updated }: RegistryName, options: TextOptions): string {
  return `of ${showText(updated, options)}, ${showText(source, options)}`;
}

function fetchedLabel(fetchedAt: string, checkedAt: string, options: TextOptions): string {
  const fetched = showText(minute(fetchedAt), options);
  return checkedAt === fetchedAt ? fetched : `${fetched}, not modified there on ${showText(minute(checkedAt), options)}`;
}

/** An ISO 8601 moment to the minute: seconds say nothing here. */
function minute(moment: string): string {
  return moment.replace(/T(\d\d:\d\d).*$/, ' $1 UTC');
}

function countLines({ counts }: RegistryStatus): string[] {
  const cells = ASSIGNMENT_STATUSES.map((status) => ({ status, width: Math.max(status.length, 5) }));
  const line = (label: string, texts: readonly string[]): string => INDENT + label.padEnd(LABEL_COLUMNS) + cells.map(({ width }, index) => (texts[index] ?? '').padStart(width)).join(INDENT);
  return [
    line('PORTS', ASSIGNMENT_STATUSES.map((status) => status.toUpperCase())),
    ...TRANSPORTS.map((transport) => line(transport, ASSIGNMENT_STATUSES.map((status) => String(counts[transport][status])))),
  ];
}

function staleWarning({ ageDays, maxAgeDays }: RegistryStatus): string {
  return `warning: the registry is ${count(ageDays, 'day')} old, more than ${maxAgeDays}. portreeve registry update brings a new one; on a host without internet: --from FILE.`;
}
