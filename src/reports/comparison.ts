import type { AuditComparison, ChangeKind, ListenerChange } from '../model/audit-change.ts';
import type { AuditedListener } from '../model/audit.ts';
import { displayWidth } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { listenerRecord } from './audit-data.ts';
import { fitColumns, GUTTER, type TextColumn } from './columns.ts';
import { paint, type Style } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const DETAIL_INDENT = '      ';

const GROUPS: readonly { readonly kind: ChangeKind; readonly title: string; readonly style: Style }[] = [
  { kind: 'appeared', title: 'APPEARED', style: 'warning' },
  { kind: 'owner', title: 'OTHER OWNER', style: 'warning' },
  { kind: 'other', title: 'CHANGED', style: 'bold' },
  { kind: 'unseen', title: 'OWNER KNOWN IN ONE OF THE TWO ONLY', style: 'bold' },
  { kind: 'moved', title: 'ON ANOTHER EPHEMERAL PORT', style: 'faint' },
  { kind: 'vanished', title: 'VANISHED', style: 'bold' },
];

interface Row {
  readonly port: string;
  readonly address: string;
  readonly owner: string;
  readonly registry: string;
  readonly details: readonly string[];
}

const COLUMNS: readonly TextColumn<Row>[] = [
  { title: 'PORT', rank: 4, least: 15, good: 15, cell: (row) => row.port },
  { title: 'ADDRESS', rank: 3, least: 9, good: 22, cell: (row) => row.address },
  { title: 'OWNER', rank: 2, least: 13, good: 34, cell: (row) => row.owner },
  { title: 'REGISTRY', rank: 1, least: 12, good: 44, cell: (row) => row.registry },
];

/** What changed between two audits, for people: one sentence, then group by group with what is different below each. */
export function renderComparison(comparison: AuditComparison, options: TextOptions): string[] {
  const { changes } = comparison;
  const groups = GROUPS.flatMap(({ kind, title, style }) => {
    const rows = changes.filter((change) => change.kind === kind).map((change) => buildRow(change, options));
    return rows.length === 0 ? [] : [{ heading: `${title} (${rows.length})`, style, rows }];
  });
  const fitted = fitColumns(COLUMNS, groups.flatMap(({ rows }) => rows), options.columns - INDENT.length, 1);
  const format = (textOf: (column: TextColumn<Row>) => string): string => {
    const cells = fitted.map(({ column, width }) => {
      const text = word.fitText(textOf(column), width, options);
      return text + ' '.repeat(width - displayWidth(text) + GUTTER);
    });
    return (INDENT + cells.join('')).trimEnd();
  };
  return [
    ...renderSummary(comparison, options),
    ...(groups.length === 0 ? [] : ['', paint(format((column) => column.title), 'bold', options.colour)]),
    ...groups.flatMap(({ heading, style, rows }, index) => [
      ...(index === 0 ? [] : ['']),
      paint(heading, style, options.colour),
      ...rows.flatMap((row) => [
        format((column) => column.cell(row)),
        ...row.details.flatMap((detail) => wrapText(detail, options.columns, DETAIL_INDENT, `${DETAIL_INDENT}${INDENT}`)).map((line) => paint(line, 'faint', options.colour)),
      ]),
    ]),
  ];
}

export function renderComparisonJson({ schema, before, after, summary, changes }: AuditComparison): string {
  const record = (listener: AuditedListener | null): AuditedListener | null => (listener === null ? null : listenerRecord(listener));
  const listed = changes.map(({ kind, counts, differences, ...pair }) => ({ kind, counts, differences, before: record(pair.before), after: record(pair.after) }));
  return `${formatJson({ schema, before, after, summary, changes: listed }, 2)}\n`;
}

function renderSummary({ before, after, summary }: AuditComparison, options: TextOptions): string[] {
  const { columns, colour } = options;
  const parts = [
    [summary.appeared, 'appeared'],
    [summary.vanished, 'vanished'],
    [summary.owner, 'with another owner'],
    [summary.other + summary.moved + summary.unseen, 'otherwise changed'],
  ].flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`]));
  const outcome = parts.length === 0 ? 'nothing changed' : parts.join(', ');
  const host = word.showText(after.host.name, options);
  const notes = [
    ...(before.host.name === after.host.name ? [] : [`The first audit is of another host, ${word.showText(before.host.name, options)}.`]),
    ...(before.registry.updated === after.registry.updated
      ? []
      : [`The registry is another: ${word.showText(before.registry.updated, options)} then, ${word.showText(after.registry.updated, options)} now.`]),
    ...(before.coverage.complete ? [] : ['The first audit did not see everything: what appeared may have been there.']),
    ...(after.coverage.complete ? [] : ['The second audit did not see everything: what vanished may still be there.']),
  ];
  const span = `${showTime(before.startedAt)} to ${showTime(after.startedAt)}`;
  return [
    ...wrapText(`${host}, ${span}: ${outcome}; ${word.count(summary.unchanged, 'listener')} as before.`, columns),
    ...notes.flatMap((note) => wrapText(note, columns)).map((line) => paint(line, 'warning', colour)),
  ];
}

/** To the minute; ISO 8601 as it was checked, so that cutting it is safe. */
function showTime(time: string): string {
  return `${time.slice(0, 10)} ${time.slice(11, 16)}Z`;
}

function buildRow({ kind, before, after, differences }: ListenerChange, options: TextOptions): Row {
  const listener = after ?? before;
  if (listener === null) return { port: '-', address: '-', owner: '-', registry: '-', details: [] };
  const findings = word.standingFindings(listener).map(({ rule, severity }) => `${word.showText(rule, options)} (${severity})`);
  return {
    port: word.portLabel(listener),
    address: word.addressLabel(listener, options),
    owner: word.ownerLabel(listener, options),
    registry: word.registryLabel(listener.registry, options),
    details:
      kind === 'appeared' || kind === 'vanished'
        ? [...describeOwner(listener, options), ...(kind === 'appeared' && findings.length > 0 ? [findings.join(', ')] : [])]
        : differences.map(({ what, before: was, after: is }) => `${what}: ${showValue(was, options)} ${word.symbols(options).arrow} ${showValue(is, options)}`),
  };
}

function describeOwner(listener: AuditedListener, options: TextOptions): string[] {
  const parts = [
    ['executable', word.executableLabel(listener, options)],
    ['user', word.userLabel(listener, options)],
    ['unit', word.unitLabel(listener, options)],
  ].flatMap(([name, label]) => (label === '-' ? [] : [`${name} ${label}`]));
  return parts.length === 0 ? [] : [parts.join(', ')];
}

function showValue(value: string | null, options: TextOptions): string {
  return value === null ? 'none' : word.showText(value, options);
}
