import type { PortFacts } from '../model/registry.ts';
import { statusOfLetter, transportOfLetter } from './facts-format.ts';
import type { FactsByTransport } from './port-table.ts';
import { defaultFacts, NO_ALIASES, rangeOf } from './port-table.ts';

const TAB = 0x09;
const LF = 0x0a;
const DASH = 0x2d;
const ZERO = 0x30;

/**
 * The facts of the block whose first line is at `start`, out of text that was checked line by line when it was made.
 * Who walks the whole registry parses 6,500 blocks: `parseBlockLines`, which checks, takes 40 ms for that and this 10,
 * most of it saved on what the garbage collector has to look through.
 */
export function parseTrustedBlock(text: string, start: number): FactsByTransport {
  const first = firstPortOfLine(text, start);
  const none = defaultFacts(first);
  const facts = [none, none, none, none];
  // Sorted blocks do not overlap: lines that start with the same port are one block.
  for (let at = start; firstPortOfLine(text, at) === first; at = text.indexOf('\n', at) + 1) {
    const letters = text.indexOf('\t', at) + 1;
    const status = text.indexOf('\t', letters) + 1;
    const one = parseFacts(text, first, status);
    for (let letter = letters; letter < status - 1; letter += 1) facts[transportOfLetter(text.charCodeAt(letter))] = one;
  }
  return facts;
}

function parseFacts(text: string, first: number, status: number): PortFacts {
  const names = nextColumn(text, status);
  const since = nextColumn(text, names);
  const former = nextColumn(text, since);
  const end = nextColumn(text, former);
  const listed = columnText(text, names, since);
  const comma = listed === null ? -1 : listed.indexOf(',');
  return Object.freeze({
    status: statusOfLetter(text.charCodeAt(status)),
    range: rangeOf(first),
    service: listed === null || comma === -1 ? listed : listed.slice(0, comma),
    aliases: listed === null || comma === -1 ? NO_ALIASES : Object.freeze(listed.slice(comma + 1).split(',')),
    since: columnText(text, since, former),
    former: columnText(text, former, end),
  });
}

/** Where the column behind the one at `at` starts: behind its tab. At the end of a line: on the line feed, for good. */
function nextColumn(text: string, at: number): number {
  let end = at;
  for (let code = text.charCodeAt(end); code !== LF; code = text.charCodeAt(end)) {
    end += 1;
    if (code === TAB) break;
  }
  return end;
}

/** Text from where one column starts to where the next does; null where there is none. */
function columnText(text: string, start: number, next: number): string | null {
  const end = next > start && text.charCodeAt(next - 1) === TAB ? next - 1 : next;
  return end > start ? text.slice(start, end) : null;
}

/** First port of the line at `start`; of a line without one, such as the closing one, a number that is no port. */
export function firstPortOfLine(text: string, start: number): number {
  let port = 0;
  for (let at = start; ; at += 1) {
    const code = text.charCodeAt(at);
    if (code === TAB || code === DASH) return at === start ? -1 : port;
    // NaN behind the end of the text, and everything that is not a digit.
    if (!(code >= ZERO && code <= ZERO + 9)) return -1;
    port = port * 10 + code - ZERO;
  }
}

/** Last port of the line at `start`. */
export function lastPortOfLine(text: string, start: number): number {
  let port = 0;
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === TAB) break;
    port = code === DASH ? 0 : port * 10 + code - ZERO;
  }
  return port;
}
