import { worstFinding } from '../model/audit.ts';
import type { AuditedListener, AuditReport, Finding } from '../model/audit.ts';
import type { Severity } from '../model/severity.ts';
import { SEVERITIES } from '../model/severity.ts';
import { displayWidth } from '../model/untrusted-text.ts';
import { renderAdvice } from './advice.ts';
import { fitColumns, GUTTER } from './columns.ts';
import type { FittedColumn, TextColumn } from './columns.ts';
import { renderCoverage } from './coverage-text.ts';
import { renderDecisions } from './explain-decisions.ts';
import { foldListeners } from './fold.ts';
import type { Fold } from './fold.ts';
import { paint } from './paint.ts';
import type { Style } from './paint.ts';
import { findRuns, formatRuns } from './port-ranges.ts';
import { renderSummary } from './summary.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const DETAIL_INDENT = '      ';
/** Of a fold's many ports or addresses, and of text that tells what is wrong with a listener. */
const MOST_FOLD_LINES = 4;
const MOST_DETAIL_LINES = 8;

/** The audit for people: a summary, the listeners in groups from worst to calmest, what to do, and what was not seen. */
export function* renderTable(report: AuditReport, options: TextOptions): Generator<string> {
  yield* lines(renderSummary(report, options));
  if (report.listeners.length > 0) {
    yield '\n';
    yield* renderListeners(report.listeners, options);
  }
  yield* section(renderAdvice(report, options));
  yield* section(renderTrials(report.listeners, options));
  yield* section(renderCoverage(report.coverage, options));
  yield* section(renderPolicyWarnings(report.policy.warnings, options));
}

type Group = Severity | 'clean' | 'excepted';

/** Worst first; what an exception silences comes last: someone has looked at it already. */
const GROUPS: readonly { readonly group: Group; readonly title: string; readonly style: Style }[] = [
  ...[...SEVERITIES].reverse().map((severity) => ({ group: severity, title: severity.toUpperCase(), style: severity })),
  { group: 'clean', title: 'NO FINDINGS', style: 'bold' },
  { group: 'excepted', title: 'EXCEPTED', style: 'bold' },
];

function groupOf(listener: AuditedListener): Group {
  return worstFinding(listener)?.severity ?? (listener.findings.length === 0 ? 'clean' : 'excepted');
}

interface Row {
  readonly port: string;
  readonly address: string;
  readonly netns: string;
  readonly owner: string;
  readonly registry: string;
  readonly user: string;
  readonly unit: string;
  readonly executable: string;
  readonly command: string;
  readonly details: readonly string[];
}

/** Of these ranks up, a column is what the table is about; the others are shown where there is room. */
const MAIN_RANK = 10;

const COLUMNS: readonly TextColumn<Row>[] = [
  { title: 'PORT', rank: 15, least: 15, good: 15, cell: (row) => row.port },
  { title: 'ADDRESS', rank: 14, least: 9, good: 22, cell: (row) => row.address },
  { title: 'NETNS', rank: 11, least: 6, good: 12, cell: (row) => row.netns },
  { title: 'OWNER', rank: 13, least: 13, good: 34, cell: (row) => row.owner },
  { title: 'REGISTRY', rank: 12, least: 12, good: 44, cell: (row) => row.registry },
  { title: 'USER', rank: 4, least: 8, good: 16, cell: (row) => row.user },
  { title: 'UNIT', rank: 3, least: 12, good: 28, cell: (row) => row.unit },
  { title: 'EXECUTABLE', rank: 2, least: 16, good: 40, keep: 'end', cell: (row) => row.executable },
  { title: 'COMMAND', rank: 1, least: 24, good: 60, cell: (row) => row.command },
];

function* renderListeners(listeners: readonly AuditedListener[], options: TextOptions): Generator<string> {
  const byGroup = groupListeners(listeners);
  const manyNamespaces = new Set(listeners.map(({ netns }) => netns.inode ?? netns.name)).size > 1;
  const groups = GROUPS.flatMap(({ group, title, style }) => {
    const members = byGroup.get(group);
    if (members === undefined) return [];
    const rows = foldListeners(members).map((fold) => buildRow(fold, group, options));
    return [{ group, heading: `${title} (${members.length})`, style, rows }];
  });
  const columns = COLUMNS.filter((column) => column.title !== 'NETNS' || manyNamespaces);
  const fitted = fitColumns(columns, groups.flatMap(({ rows }) => rows), options.columns - INDENT.length, MAIN_RANK);

  yield `${paint(formatLine(fitted, (column) => column.title, options), 'bold', options.colour)}\n`;
  let gap = '';
  for (const { group, heading, style, rows } of groups) {
    yield `${gap}${paint(heading, style, options.colour)}\n`;
    gap = '\n';
    for (const row of rows) {
      yield `${formatLine(fitted, (column) => column.cell(row), options)}\n`;
      const cut = group === 'clean' || group === 'excepted' ? [] : wrapDetail(cutCells(row, columns, fitted).join(', '), options);
      yield* lines([...row.details, ...cut].map((line) => paint(line, 'faint', options.colour)));
    }
  }
}

function formatLine(fitted: readonly FittedColumn<Row>[], textOf: (column: TextColumn<Row>) => string, options: TextOptions): string {
  let line = INDENT;
  for (const { column, width } of fitted) {
    const text = word.fitText(textOf(column), width, options, column.keep);
    line += text + ' '.repeat(width - displayWidth(text) + GUTTER);
  }
  return line.trimEnd();
}

/** Of a listener that asks for attention, what the width left out or cut, by the columns' names. */
function cutCells(row: Row, columns: readonly TextColumn<Row>[], fitted: readonly FittedColumn<Row>[]): string[] {
  const widths = new Map(fitted.map(({ column, width }) => [column, width]));
  return columns
    .filter((column) => column.title !== 'COMMAND' && column.cell(row) !== '-' && displayWidth(column.cell(row)) > (widths.get(column) ?? 0))
    .map((column) => `${column.title.toLowerCase()} ${column.cell(row)}`);
}

function buildRow(fold: Fold, group: Group, options: TextOptions): Row {
  const [first] = fold.listeners;
  // Of a fold, the owners of all: their pids are the only thing in which they may differ.
  const owners = fold.over === null ? first.owners : [...new Map(fold.listeners.flatMap((listener) => listener.owners.map((owner) => [owner.pid, owner]))).values()];
  const owned = { ...first, owners };
  return {
    ...foldedCells(fold, options),
    netns: first.netns.name === null ? String(first.netns.inode ?? '-') : word.showText(first.netns.name, options),
    owner: word.ownerLabel(owned, options),
    user: word.userLabel(owned, options),
    unit: word.unitLabel(owned, options),
    executable: word.executableLabel(owned, options),
    command: word.commandLabel(owned, options),
    details: [...foldedDetails(fold, options), ...unownedDetails(first, options), ...findingDetails(first.findings, group, options)],
  };
}

function foldedCells({ listeners, over }: Fold, options: TextOptions): Pick<Row, 'port' | 'address' | 'registry'> {
  const [first] = listeners;
  const address = over === 'addresses' ? `${listeners.length} addresses` : word.addressLabel(first, options);
  if (over !== 'ports') return { port: word.portLabel(first), address, registry: word.registryLabel(first.registry, options) };

  const runs = findRuns(listeners.flatMap(({ port }) => port ?? []));
  const port = `${runs.length === 1 ? formatRuns(runs) : `${listeners.length} ports`}/${first.protocol}`;
  const labels = new Set(listeners.map((listener) => word.registryLabel(listener.registry, options)));
  const status = first.registry?.status ?? '-';
  return { port, address, registry: labels.size === 1 ? word.registryLabel(first.registry, options) : `${status} (${labels.size} different)` };
}

/** What the folded cells do not say: the ports where they have holes, or the addresses. */
function foldedDetails({ listeners, over }: Fold, options: TextOptions): string[] {
  if (over === null) return [];
  if (over === 'addresses') return wrapList(listeners.map((listener) => ({ label: word.addressLabel(listener, options), size: 1 })), options);
  const runs = findRuns(listeners.flatMap(({ port }) => port ?? []));
  return runs.length === 1 ? [] : wrapList(runs.map((run) => ({ label: formatRuns([run]), size: run[1] - run[0] + 1 })), options);
}

/** As many as a few lines hold, and how many more there are. */
function wrapList(items: readonly { readonly label: string; readonly size: number }[], options: TextOptions): string[] {
  // No label is shorter than a digit, a comma and a blank.
  for (let shown = Math.min(items.length, Math.ceil((options.columns * MOST_FOLD_LINES) / 3)); shown > 0; shown--) {
    const more = items.slice(shown).reduce((sum, { size }) => sum + size, 0);
    const text = items.slice(0, shown).map(({ label }) => label).join(', ') + (more === 0 ? '' : ` and ${more} more`);
    const wrapped = wrapText(text, options.columns, DETAIL_INDENT);
    if (wrapped.length <= MOST_FOLD_LINES || shown === 1) return wrapped;
  }
  return [];
}

/** Beside the owners that the row names, sockets of the same port may have none, or an owner may be hidden; with or without a finding that is to be seen. */
function unownedDetails({ ownerKind, ownerNote }: AuditedListener, options: TextOptions): string[] {
  return ownerKind === 'process' && ownerNote !== null ? wrapDetail(word.showText(ownerNote.detail, options), options) : [];
}

function findingDetails(findings: readonly Finding[], group: Group, options: TextOptions): string[] {
  const standing = findings
    .filter((finding) => finding.excepted === null)
    .map((finding) => word.showText(finding.rule, options) + (finding.severity === group ? '' : ` (${finding.severity})`));
  const silenced = findings.flatMap((finding) => {
    if (finding.excepted === null) return [];
    const { rule, excepted } = finding;
    return wrapDetail(`${word.showText(rule, options)}: ${word.exceptedLabel(finding, options) ?? ''}: ${word.showParagraph(excepted.reason, options)}`, options);
  });
  return [...wrapDetail(standing.join(', '), options), ...silenced];
}

function wrapDetail(text: string, options: TextOptions): string[] {
  const wrapped = wrapText(text, options.columns, DETAIL_INDENT);
  if (wrapped.length <= MOST_DETAIL_LINES) return wrapped;
  const last = `${wrapped[MOST_DETAIL_LINES - 1] ?? ''} ${word.symbols(options).ellipsis}`;
  return [...wrapped.slice(0, MOST_DETAIL_LINES - 1), word.fitText(last, options.columns, options)];
}

function renderPolicyWarnings(warnings: readonly string[], options: TextOptions): string[] {
  if (warnings.length === 0) return [];
  return [
    paint('Policy', 'bold', options.colour),
    ...warnings.flatMap((warning) => wrapText(word.showParagraph(warning, options), options.columns, '  - ', '    ')),
  ];
}

function* section(text: readonly string[]): Generator<string> {
  if (text.length > 0) yield '\n';
  yield* lines(text);
}

/** Where they were kept: a run of lines per listener, as `explain --verbose` shows them. */
function renderTrials(listeners: readonly AuditedListener[], options: TextOptions): string[] {
  const tried = listeners.filter(({ trials }) => trials !== undefined);
  return renderDecisions({ listeners: tried, decisions: tried.map(({ id, trials = [] }) => ({ listener: id, rules: trials })) }, options);
}

function* lines(text: readonly string[]): Generator<string> {
  for (const line of text) yield `${line}\n`;
}

function groupListeners(listeners: readonly AuditedListener[]): Map<Group, AuditedListener[]> {
  const groups = new Map<Group, AuditedListener[]>();
  for (const listener of listeners) {
    const group = groupOf(listener);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [listener]);
    else members.push(listener);
  }
  return groups;
}
