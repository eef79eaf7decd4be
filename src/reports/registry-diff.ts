import type { RegistryChange, RegistryDiff, TouchedListener } from '../model/registry-change.ts';
import { displayWidth } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { fitColumns, GUTTER, type FittedColumn, type TextColumn } from './columns.ts';
import { renderCoverage } from './coverage-text.ts';
import { paint } from './paint.ts';
import { afterLabel, changedPortsLabel, countsLabel, kindLabel, KINDS_BY_CONCERN, sideLabel } from './registry-change-text.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';

/** The difference as JSON, indented by two. */
export function renderRegistryDiffJson(diff: RegistryDiff): string {
  const { schema, before, after, counts, changes, host } = diff;
  const listeners = host?.listeners.map(({ listener, change }) => {
    const { id, protocol, family, address, port, scope, netns, ownerKind, owners, activation } = listener;
    return { id, protocol, family, address, port, scope, netns, ownerKind, owners, activation, change };
  });
  return `${formatJson({ schema, before, after, counts, changes, host: host === null ? null : { ...host, listeners } }, 2)}\n`;
}

/** The difference for people: how much, each change by kind, and the listeners of this host that it touches. */
export function* renderRegistryDiff(diff: RegistryDiff, options: TextOptions): Generator<string> {
  yield* lines(renderHeading(diff, options));
  if (diff.changes.length > 0) {
    yield '\n';
    yield* lines(renderChanges(diff.changes, options));
  }
  if (diff.host !== null) {
    yield '\n';
    yield* lines(renderHost(diff.host, options));
  }
}

function* lines(each: readonly string[]): Generator<string> {
  for (const line of each) yield `${line}\n`;
}

function renderHeading({ before, after, counts }: RegistryDiff, options: TextOptions): string[] {
  const { columns, colour } = options;
  const counted = countsLabel(counts);
  return [
    ...wrapText(`Registry of ${word.showText(before.updated, options)} compared with that of ${word.showText(after.updated, options)}`, columns).map((line) => paint(line, 'bold', colour)),
    ...wrapText(`before: ${word.showText(before.source, options)}`, columns, INDENT, INDENT.repeat(2)),
    ...wrapText(`after: ${word.showText(after.source, options)}`, columns, INDENT, INDENT.repeat(2)),
    ...wrapText(counted === null ? 'No port has another status or another name.' : `${counted} (each counted on each transport)`, columns, INDENT),
    ...(after.updated < before.updated ? wrapText('The second is the older one: this reads backwards in time.', columns, INDENT) : []),
  ];
}

interface Row {
  readonly ports: string;
  readonly before: string;
  readonly after: string;
}

const COLUMNS: readonly TextColumn<Row>[] = [
  { title: 'PORT', rank: 3, least: 12, good: 22, cell: (row) => row.ports },
  { title: 'BEFORE', rank: 2, least: 12, good: 26, cell: (row) => row.before },
  { title: 'AFTER', rank: 1, least: 12, good: 26, cell: (row) => row.after },
];

function renderChanges(changes: readonly RegistryChange[], options: TextOptions): string[] {
  const groups = KINDS_BY_CONCERN.flatMap((kind) => {
    const rows = changes.filter((change) => change.kind === kind).map((change): Row => ({ ports: changedPortsLabel(change), before: sideLabel(change.before, options), after: afterLabel(change, options) }));
    return rows.length === 0 ? [] : [{ heading: kindLabel(kind).toUpperCase(), rows }];
  });
  const fitted = fitColumns(COLUMNS, groups.flatMap(({ rows }) => rows), options.columns - INDENT.length, 1);
  return [
    paint(formatLine(fitted, (column) => column.title, options), 'bold', options.colour),
    ...groups.flatMap(({ heading, rows }, index) => [
      ...(index === 0 ? [] : ['']),
      paint(heading, 'bold', options.colour),
      ...rows.map((row) => formatLine(fitted, (column) => column.cell(row), options)),
    ]),
  ];
}

function formatLine(fitted: readonly FittedColumn<Row>[], textOf: (column: TextColumn<Row>) => string, options: TextOptions): string {
  let line = INDENT;
  for (const { column, width } of fitted) {
    const text = word.fitText(textOf(column), width, options);
    line += text + ' '.repeat(width - displayWidth(text) + GUTTER);
  }
  return line.trimEnd();
}

function renderHost({ listeners, coverage, failure }: NonNullable<RegistryDiff['host']>, options: TextOptions): string[] {
  const { columns, colour } = options;
  const heading = paint('On this host', 'bold', colour);
  if (coverage === null) return [heading, ...wrapText(`Not known which listeners are on these ports: ${word.showText(failure ?? 'no scan could be made', options)}`, columns, INDENT)];
  const none = coverage.complete ? 'No listener is on a port that changed.' : 'No listener that this scan could see is on a port that changed.';
  return [
    heading,
    ...(listeners.length === 0 ? wrapText(none, columns, INDENT) : listeners.flatMap((touched) => renderTouched(touched, options))),
    ...renderCoverage(coverage, options),
  ];
}

function renderTouched({ listener, change }: TouchedListener, options: TextOptions): string[] {
  const place = `${word.portLabel(listener)} ${word.addressLabel(listener, options)}`;
  const became = `${sideLabel(change.before, options)} ${word.symbols(options).arrow} ${afterLabel(change, options)}`;
  return wrapText(`${place} ${word.ownerLabel(listener, options)}: ${became}`, options.columns, INDENT, INDENT.repeat(3));
}
