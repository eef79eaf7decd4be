import type { DaemonStatus, SinkStatus } from '../model/daemon.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { formatJson } from '../model/ascii-json.ts';
import { findTroubles, isHealthy, type Trouble } from './health.ts';
import { agoLabel, secondLabel, spanLabel } from './moments.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { count, showText } from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const LABEL_COLUMNS = 11;

export function renderStatusJson(status: DaemonStatus): string {
  return `${formatJson(status, 2)}\n`;
}

/** The daemon's health for people: what is wrong first, then a line for each thing it does. */
export function* renderStatus(status: DaemonStatus, now: Date, options: TextOptions): Generator<string> {
  const { columns, colour } = options;
  const show = (text: string): string => showText(text, options);
  const field = (label: string, ...values: readonly string[]): string[] =>
    values.flatMap((value, index) => wrapText(value, columns, INDENT + (index === 0 ? label : '').padEnd(LABEL_COLUMNS), ' '.repeat(INDENT.length + LABEL_COLUMNS)));
  const troubles = findTroubles(status, now);
  const lines = [
    ...wrapText(headline(status, now, options), columns).map((line) => paint(line, 'bold', colour)),
    ...troubles.flatMap((trouble) => troubleLines(trouble, options)),
    '',
    ...field('listeners', listenersLine(status)),
    ...field('alerts', alertsLine(status)),
    ...field('noticing', `${status.kernelEvents.mode}: ${show(status.kernelEvents.detail)}`, scanLine(status, now)),
    ...field('coverage', coverageLine(status)),
    ...field('registry', `of ${show(status.registry.updated)} (${count(status.registry.ageDays, 'day')} old), ${show(status.registry.source)}`),
    ...field('policy', `${count(status.policy.rules, 'rule')}, ${count(status.policy.exceptions, 'exception')}, loaded ${agoLabel(status.policy.loadedAt, now)}`),
    ...field('reload', reloadLine(status, now)),
    ...field('event log', eventLogLine(status, options)),
    ...field('sinks', ...(status.sinks.length === 0 ? ['none: alerts stay in the event log (portreeve history)'] : status.sinks.map((sink) => sinkLine(sink, now, options)))),
    ...field('memory', megabytes(status.memory.residentBytes)),
    ...field('config', status.config === null ? 'none: the defaults' : show(status.config)),
  ];
  for (const line of lines) yield `${line}\n`;
}

function headline(status: DaemonStatus, now: Date, options: TextOptions): string {
  const { version, host, state, startedAt, pid } = status;
  const since = `since ${secondLabel(startedAt)} (${agoLabel(startedAt, now)})`;
  const verdict = isHealthy(status, now) ? (state === 'running' ? ' It is well.' : '') : ' It is not well:';
  return `portreeve ${showText(version, options)} on ${showText(host, options)} is ${state}, ${since}, pid ${pid}.${verdict}`;
}

function troubleLines({ kind, what, advice }: Trouble, options: TextOptions): string[] {
  const text = `${kind === 'fault' ? 'error' : 'note'}: ${showText(what, options)}`;
  return [
    ...wrapText(text, options.columns, INDENT, `${INDENT}${INDENT}`).map((line) => paint(line, kind === 'fault' ? 'error' : 'warning', options.colour)),
    ...wrapText(showText(advice, options), options.columns, `${INDENT}${INDENT}`),
  ];
}

/** Nouns take a plural, adjectives do not. */
const NOUNS: ReadonlySet<Severity> = new Set(['error', 'warning', 'notice']);

function severities(counts: Readonly<Record<Severity, number>>): string {
  const found = [...SEVERITIES].reverse().filter((severity) => counts[severity] > 0);
  return found.map((severity) => (NOUNS.has(severity) ? count(counts[severity], severity) : `${counts[severity]} ${severity}`)).join(', ');
}

function listenersLine({ listeners: { total, bySeverity, excepted } }: DaemonStatus): string {
  const found = [severities(bySeverity), excepted > 0 ? count(excepted, 'excepted finding') : ''].filter((part) => part !== '').join(', ');
  return `${total}${found === '' ? ', nothing to look at' : `: ${found}`}`;
}

function alertsLine({ alerts: { open, bySeverity } }: DaemonStatus): string {
  return open === 0 ? 'none open' : `${open} open: ${severities(bySeverity)}`;
}

function scanLine({ scan }: DaemonStatus, now: Date): string {
  const scanned = (name: string, every: number, at: string | null, ms: number | null): string =>
    `a ${name} every ${every / 1000} s, ${at === null ? 'none yet' : `the last ${agoLabel(at, now)}${ms === null ? '' : ` in ${spanLabel(ms)}`}`}`;
  return `${scanned('look', scan.intervalMs, scan.lastTickAt, scan.lastTickMs)}; ${scanned('sweep', scan.sweepMs, scan.lastSweepAt, scan.lastSweepMs)}; ${count(scan.ticks, 'look')}, ${count(scan.changes, 'change')}`;
}

function coverageLine({ coverage }: DaemonStatus): string {
  if (coverage === null) return 'not known before the first sweep';
  const gaps = coverage.gaps.map(({ code, count: size }) => `${code} (${size})`).join(', ');
  return `${coverage.complete ? 'complete' : 'not complete'}, by ${coverage.source}${gaps === '' ? '' : `: ${gaps}`}`;
}

function reloadLine({ lastReload }: DaemonStatus, now: Date): string {
  if (lastReload === null) return 'none since the start';
  return lastReload.ok ? `${agoLabel(lastReload.at, now)}, taken` : `${agoLabel(lastReload.at, now)}, refused: ${count(lastReload.problems.length, 'problem')}`;
}

function eventLogLine({ eventLog: { oldest, newest, bytes, writable, error } }: DaemonStatus, options: TextOptions): string {
  const range = newest < oldest || newest === 0 ? 'empty' : `events ${oldest} to ${newest}, ${megabytes(bytes)}`;
  return writable ? range : `${range}; cannot be written${error === null ? '' : `: ${showText(error, options)}`}`;
}

function sinkLine(sink: SinkStatus, now: Date, options: TextOptions): string {
  const parts = [
    sink.error === null ? sink.state : 'failing',
    sink.queued > 0 ? `${sink.queued} queued` : '',
    `${sink.sent} sent`,
    sink.lost > 0 ? `${sink.lost} lost` : '',
    sink.lastSentAt === null ? 'nothing yet' : `last ${agoLabel(sink.lastSentAt, now)}`,
  ];
  return `${showText(sink.name, options)} (${showText(sink.target, options)}): ${parts.filter((part) => part !== '').join(', ')}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}
