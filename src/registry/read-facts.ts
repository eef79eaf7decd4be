import type { PortRegistry } from '../model/registry.ts';
import { FACTS_TITLE, parseBlockLines } from './facts-format.ts';
import { invalidRegistry } from './invalid-registry.ts';
import { lookUpFacts } from './look-up-facts.ts';
import { createRegistry, FIRST_DYNAMIC_PORT, rangeOf } from './port-table.ts';
import { isFullDate, parseRegistryDate } from './registry-date.ts';

const SNAPSHOT = /^# snapshot (\d{4}-\d{2}-\d{2})$/;
const END = /^# end (\d{1,6})$/;
const PORTS = /^(\d{1,5})(?:-(\d{1,5}))?$/;

/** A registry over facts text that was checked when it was made: the embedded one, or one with a seal. */
export function openFacts(text: string, source: string): PortRegistry {
  const { updated, start, stop } = readFrame(text, source);
  return createRegistry({ source, updated }, lookUpFacts({ text, start, stop }));
}

/**
 * A registry over facts text from a file of the user's: every line is checked first.
 * @throws PortreeveError `registry-invalid`, with `source` and the line
 */
export function readFacts(content: string, source: string): PortRegistry {
  const text = normalizeLineEnds(content);
  const { start, stop, lines: promised } = readFrame(text, source);
  const lineBefore = text.slice(0, start).split('\n').length - 1;
  const lines = text.slice(start, stop).split('\n').slice(0, -1);
  if (lines.length !== promised) throw invalidRegistry(source, null, `${lines.length} lines where the closing line says ${promised}: a part is missing`);

  let at = 0;
  let previousLast = -1;
  while (at < lines.length) {
    const column = portColumn(lines[at]);
    const fault = (what: string): Error => invalidRegistry(source, lineBefore + at + 1, what);
    const match = PORTS.exec(column);
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null) throw fault('the line does not start with a port, or a range of ports, and a tab');
    if (last < first || last >= FIRST_DYNAMIC_PORT || rangeOf(first) !== rangeOf(last)) throw fault(`${column} is not a range below 49152 and on one side of 1024`);
    if (first <= previousLast) throw fault('the ports are not in order');
    let next = at + 1;
    while (next < lines.length && portColumn(lines[next]) === column) next += 1;
    const facts = parseBlockLines(first, lines.slice(at, next));
    if (typeof facts === 'string') throw fault(facts);
    previousLast = last;
    at = next;
  }
  return openFacts(text, source);
}

/** A checkout, or an editor, may have turned the line ends. */
export function normalizeLineEnds(text: string): string {
  return text.includes('\r') ? text.replaceAll('\r\n', '\n') : text;
}

interface Frame {
  readonly updated: string;
  /** Where the lines of facts start, and the position behind the last one. */
  readonly start: number;
  readonly stop: number;
  /** How many there are, as the closing line says. */
  readonly lines: number;
}

/** What stands around the facts: title, date and closing line. */
function readFrame(text: string, source: string): Frame {
  if (!text.startsWith(`${FACTS_TITLE}\n`)) throw invalidRegistry(source, 1, `the first line is not "${FACTS_TITLE}"`);
  let start = FACTS_TITLE.length + 1;
  const updated = parseRegistryDate(SNAPSHOT.exec(text.slice(start, text.indexOf('\n', start)))?.[1] ?? '');
  if (updated === null || !isFullDate(updated)) throw invalidRegistry(source, 2, 'the second line is not "# snapshot YYYY-MM-DD"');
  const stop = text.lastIndexOf('\n', text.length - 2) + 1;
  const end = text.endsWith('\n') ? END.exec(text.slice(stop, -1)) : null;
  if (end === null) throw invalidRegistry(source, null, 'the closing line "# end NUMBER" is missing: the file is cut');
  while (start < stop && text.startsWith('#', start)) start = text.indexOf('\n', start) + 1;
  return { updated, start, stop, lines: Number(end[1]) };
}

function portColumn(line: string | undefined): string {
  return line?.slice(0, Math.max(line.indexOf('\t'), 0)) ?? '';
}
