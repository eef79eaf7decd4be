import type { PortFacts } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { statusOfLetter, transportOfLetter } from './facts-format.ts';
import { defaultFacts, NO_ALIASES, rangeOf } from './port-table.ts';

const TAB = 0x09;
const DASH = 0x2d;
const ZERO = 0x30;

/**
 * Puts the facts of a block into `facts`: four, in the order of TRANSPORTS, from `slot` on. For text that was checked line by
 * line when it was made. Who asks for every port has 6,500 blocks parsed, most of them before V8 has compiled this: it leaves
 * the work to what is built in.
 * @param block its lines, without the last line feed
 * @param port one of its ports
 */
export function parseTrustedBlock(block: string, port: number, facts: (PortFacts | null)[], slot: number): void {
  facts.fill(defaultFacts(port), slot, slot + TRANSPORTS.length);
  for (const line of block.split('\n')) {
    const columns = line.split('\t');
    // Not `const [, letters, ...] = columns`, which runs an iterator: a fifth of the whole. And with so many `??` this is too
    // long for V8 to compile it into whatever asks, which would keep the loop over all ports waiting for its own turn.
    const letters = columns[1] ?? '';
    const status = columns[2] ?? '';
    const names = columns[3] ?? '';
    const since = columns[4] ?? '';
    const former = columns[5] ?? '';
    const comma = names.indexOf(',');
    const one = Object.freeze({
      status: statusOfLetter(status),
      range: rangeOf(port),
      service: names === '' ? null : comma === -1 ? names : names.slice(0, comma),
      aliases: comma === -1 ? NO_ALIASES : Object.freeze(names.slice(comma + 1).split(',')),
      since: since === '' ? null : since,
      former: former === '' ? null : former,
    });
    for (let letter = 0; letter < letters.length; letter += 1) facts[slot + transportOfLetter(letters.charCodeAt(letter))] = one;
  }
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
