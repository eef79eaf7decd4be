import type { AuditedListener } from '../model/audit.ts';
import type { ProposedException } from '../model/baseline.ts';
import { renderProposedMatch } from './baseline-yaml.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const LABEL_WIDTH = 12;
/** One program may listen on many addresses; what is approved is the same for all. */
const MOST_PLACES = 6;

/** What a reviewer has to decide on. */
export interface ReviewItem {
  /** One at least; they differ in the address alone. */
  readonly listeners: readonly AuditedListener[];
  /** Of their findings, those in question. */
  readonly rules: readonly string[];
  /** Null where nothing can be approved, for `reason`. */
  readonly proposal: ProposedException | null;
  readonly reason: string | null;
}

/** A finding with its evidence beside it: everything that a person needs to say yes or no, on one screen. */
export function renderReviewItem(item: ReviewItem, place: { readonly number: number; readonly of: number; readonly now: Date }, options: TextOptions): string[] {
  const { columns, colour } = options;
  const { listeners, rules, proposal, reason } = item;
  const [first] = listeners;
  if (first === undefined) return [];
  const findings = first.findings.filter((finding) => finding.excepted === null && rules.includes(finding.rule));
  const places = listeners.slice(0, MOST_PLACES).map((listener) => `${word.portLabel(listener)} ${word.addressLabel(listener, options)} (${listener.scope})`);
  if (listeners.length > MOST_PLACES) places.push(`and ${listeners.length - MOST_PLACES} more`);
  const advice = findings.find((finding) => finding.advice !== null)?.advice ?? null;
  return [
    '',
    paint(`[${place.number} of ${place.of}] ${places.join(', ')}`, 'bold', colour),
    ...findings.flatMap(({ severity, title, rule }) =>
      wrapText(`${severity}: ${word.showParagraph(title, options)} (${word.showText(rule, options)})`, columns, INDENT, INDENT.repeat(2)).map((line) => paint(line, severity, colour)),
    ),
    ...describeEvidence(first, place.now, options).flatMap(([name, text]) => wrapText(text, columns, `${INDENT}${name.padEnd(LABEL_WIDTH)}`, `${INDENT}${' '.repeat(LABEL_WIDTH)}`)),
    ...(advice === null ? [] : ['', ...wrapText(word.showParagraph(advice, options), columns, INDENT)]),
    '',
    ...(proposal === null
      ? wrapText(`Nothing can be approved here. ${word.showText(reason ?? '', options)}`, columns, INDENT)
      : ['To approve it silences these findings for:', ...renderProposedMatch(proposal)].map((line, index) => INDENT.repeat(index === 0 ? 1 : 3) + line)),
  ];
}

function describeEvidence(listener: AuditedListener, now: Date, options: TextOptions): readonly (readonly [name: string, text: string])[] {
  const packages = [...new Set(listener.owners.flatMap(({ exePackage }) => (exePackage === undefined ? [] : [exePackage ?? 'none'])))];
  const rows: [string, string][] = [
    ['owner', word.ownerLabel(listener, options)],
    ['executable', word.executableLabel(listener, options)],
    ['package', packages.map((name) => word.showText(name, options)).join(', ') || '-'],
    ['user', word.userLabel(listener, options)],
    ['unit', word.unitLabel(listener, options)],
    ['command', word.fitText(word.commandLabel(listener, options), options.columns * 2, options)],
    ['since', sinceLabel(listener, now)],
    ['registry', word.registryLabel(listener.registry, options)],
  ];
  if (listener.owners.length === 0 && listener.ownerNote !== null) rows.push(['known', word.showText(listener.ownerNote.detail, options)]);
  return rows.filter(([, text]) => text !== '-');
}

/** The start of the process that runs longest. */
function sinceLabel({ owners }: AuditedListener, now: Date): string {
  const started = owners.flatMap(({ startedAt }) => startedAt ?? []).sort()[0];
  const time = started === undefined ? Number.NaN : Date.parse(started);
  if (Number.isNaN(time)) return '-';
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')}Z (${spanLabel(now.getTime() - time)})`;
}

function spanLabel(milliseconds: number): string {
  const minutes = Math.max(Math.floor(milliseconds / 60_000), 0);
  if (minutes < 120) return word.count(minutes, 'minute');
  return minutes < 2880 ? word.count(Math.floor(minutes / 60), 'hour') : word.count(Math.floor(minutes / 1440), 'day');
}
