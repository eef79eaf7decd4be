import type { AuditedListener } from '../model/audit.ts';
import { worstFinding } from '../model/audit.ts';
import type { AssignedRun, ExplainedHost, PortBlock, RangeExplanation, TransportRange } from '../model/explanation.ts';
import { ASSIGNMENT_STATUSES } from '../model/registry.ts';
import { renderCoverage } from './coverage-text.ts';
import { nobodySentence, placeLabel } from './explain-host.ts';
import { groupBy, renderSource } from './explain-registry.ts';
import { paint } from './paint.ts';
import { formatRuns } from './port-ranges.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const MOST_NAMES = 24;
const MOST_BLOCKS = 8;
const MOST_LISTENERS = 20;

type RangeOptions = TextOptions & { readonly verbose?: boolean };

/** A range summed up: how many ports of each status, who has them, where there is room, who listens here. */
export function renderRangeSections(range: RangeExplanation, options: RangeOptions): string[][] {
  const ports = range.to - range.from + 1;
  return [
    [paint(`Ports ${range.from}-${range.to}`, 'bold', options.colour), ...wrapText(`${word.count(ports, 'port')}.`, options.columns, INDENT), ...renderSource(range.registry, options)],
    ...renderTransports(range, options),
    [paint(`On ${word.showText(range.host.name, options)}`, 'bold', options.colour), ...wrapText(hostSentence(range.host), options.columns, INDENT)],
    renderListenerList(range, options),
    range.coverage === null ? [] : renderCoverage(range.coverage, options),
    [paint('What to do next', 'bold', options.colour), ...wrapText(`Everything about one of them: portreeve explain ${range.listeners[0]?.port ?? range.from}`, options.columns, INDENT)],
  ];
}

function renderTransports({ transports, from, to }: RangeExplanation, options: RangeOptions): string[][] {
  const size = to - from + 1;
  // SCTP and DCCP have next to nothing in most ranges.
  const telling = transports.filter(
    ({ transport, byStatus }) => transport === 'tcp' || transport === 'udp' || transports.length === 1 || byStatus.assigned > 0 || byStatus.dynamic === size,
  );
  return groupBy(telling, ({ assigned, blocks }) => JSON.stringify([assigned, blocks])).map((same) =>
    same.slice(0, 1).flatMap((each) => renderTransport(same.map(({ transport }) => transport).join(', '), each, options)),
  );
}

function renderTransport(names: string, { byStatus, assigned, blocks }: TransportRange, options: RangeOptions): string[] {
  const counts = ASSIGNMENT_STATUSES.filter((status) => byStatus[status] > 0).map((status) => `${byStatus[status]} ${status}`);
  const most = options.verbose === true ? Infinity : MOST_NAMES;
  const body = [
    ...(assigned.length === 0 ? [] : [`Assigned: ${listed(assigned.map((run) => runLabel(run, options)), most)}.`]),
    ...(['de-assigned', 'reserved', 'unassigned'] as const).flatMap((status) => {
      const runs = largestFirst(blocks.filter((block) => block.status === status), options.verbose === true ? Infinity : MOST_BLOCKS);
      return runs.shown.length === 0 ? [] : [`${status === 'unassigned' ? 'Unassigned' : status === 'reserved' ? 'Reserved' : 'De-assigned'}: ${formatRuns(runs.shown.map(({ from, to }) => [from, to]))}${runs.more > 0 ? ` and ${word.count(runs.more, 'smaller block')}` : ''}.`];
    }),
  ];
  return [
    ...wrapText(`${names}: ${counts.join(', ')}`, options.columns).map((line) => paint(line, 'bold', options.colour)),
    ...body.flatMap((text) => wrapText(text, options.columns, INDENT, INDENT.repeat(2))),
  ];
}

function runLabel({ from, to, service }: AssignedRun, options: TextOptions): string {
  const ports = from === to ? String(from) : `${from}-${to}`;
  return service === null ? `${ports} (no name)` : `${ports} ${word.showText(service, options)}`;
}

function listed(labels: readonly string[], most: number): string {
  const more = labels.length - most;
  return more > 0 ? `${labels.slice(0, most).join(', ')} and ${more} more (--verbose has all)` : labels.join(', ');
}

/** The largest blocks, in the order of their ports: where there is room for something. */
function largestFirst(blocks: readonly PortBlock[], most: number): { readonly shown: readonly PortBlock[]; readonly more: number } {
  const largest = new Set([...blocks].sort((one, other) => other.to - other.from - (one.to - one.from)).slice(0, Number.isFinite(most) ? most : blocks.length));
  return { shown: blocks.filter((block) => largest.has(block)), more: blocks.length - largest.size };
}

function hostSentence({ ephemeral, ephemeralRange }: ExplainedHost): string {
  if (ephemeral === null || ephemeralRange === null) return 'The host does not say which ports it hands to clients.';
  const named = `the ephemeral range ${ephemeralRange[0]}-${ephemeralRange[1]}`;
  return ephemeral ? `At least in part inside ${named}, from which outgoing connections take their ports.` : `Outside ${named}: the kernel hands none of them to a client.`;
}

/** One line for each listener, with its worst finding. */
export function renderListenerList({ listeners, coverage }: Pick<RangeExplanation, 'listeners' | 'coverage'>, options: TextOptions): string[] {
  const { columns, colour } = options;
  if (listeners.length === 0) return [paint('Listening now', 'bold', colour), ...wrapText(nobodySentence(coverage), columns, INDENT)];
  const more = listeners.length - MOST_LISTENERS;
  return [
    paint(`Listening now (${listeners.length})`, 'bold', colour),
    ...listeners.slice(0, MOST_LISTENERS).flatMap((listener) => renderListenerLine(listener, options)),
    ...(more > 0 ? wrapText(`and ${word.count(more, 'listener')} more; --format json has all.`, columns, INDENT) : []),
  ];
}

function renderListenerLine(listener: AuditedListener, options: TextOptions): string[] {
  const worst = worstFinding(listener);
  const finding = worst === null ? '' : `; ${worst.severity}: ${word.showParagraph(worst.title, options)}`;
  const lines = wrapText(`${placeLabel(listener, options)}: ${word.ownerLabel(listener, options)}${finding}`, options.columns, INDENT, INDENT.repeat(3));
  return lines.map((line) => paint(line, worst?.severity ?? null, options.colour));
}
