import type { PortFacts } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import { firstPortOfLine, lastPortOfLine, parseTrustedBlock } from './parse-trusted-block.ts';
import type { FactsAt } from './port-table.ts';
import { defaultFacts, FIRST_DYNAMIC_PORT, FIRST_USER_PORT, LAST_PORT } from './port-table.ts';

/** Where the lines of facts are in a text that was checked when it was made: from `start` to `stop`. */
export interface FactsText {
  readonly text: string;
  readonly start: number;
  readonly stop: number;
}

/** A search costs 10 us and an index 2 ms, once. An audit of most hosts has fewer look-ups. */
const SEARCHES_BEFORE_INDEX = 100;

/** Facts of a block. */
const WIDTH = TRANSPORTS.length;

/** Facts of blocks one after the other, in the order of TRANSPORTS; null until someone asks. */
type Slots = (PortFacts | null)[];

/**
 * Looks up in the text itself: nothing is parsed ahead, a block is when it is asked for, and its facts are the same objects
 * ever after.
 */
export function lookUpFacts(lines: FactsText): FactsAt {
  /** By the first port of the block. */
  const found = new Map<number, Slots>();
  let searches = 0;
  let factsAt: FactsAt = (port, transport) => {
    const facts = searchFacts(lines, found, port);
    searches += 1;
    if (searches === SEARCHES_BEFORE_INDEX) factsAt = indexFacts(lines, found);
    return facts?.[transport] ?? defaultFacts(port);
  };
  return (port, transport) => factsAt(port, transport);
}

/** The facts of the block that a port is in, found by bisection; null for a port without one. */
function searchFacts({ text, start, stop }: FactsText, found: Map<number, Slots>, port: number): Slots | null {
  let low = start;
  let high = stop;
  while (low < high) {
    const middle = text.lastIndexOf('\n', ((low + high) >>> 1) - 1) + 1;
    if (lastPortOfLine(text, middle) < port) low = text.indexOf('\n', middle) + 1;
    else high = middle;
  }
  const first = low < stop ? firstPortOfLine(text, low) : FIRST_DYNAMIC_PORT;
  if (first > port || port >= FIRST_DYNAMIC_PORT) return null;
  const known = found.get(first);
  if (known !== undefined) return known;
  const facts: Slots = new Array<null>(WIDTH).fill(null);
  parseTrustedBlock(text.slice(low, endOfBlock(text, low)), port, facts, 0);
  found.set(first, facts);
  return facts;
}

/** Where the last line of the block ends whose first is at `start`. Blocks do not overlap: the same first port, the same block. */
function endOfBlock(text: string, start: number): number {
  const first = firstPortOfLine(text, start);
  let end = text.indexOf('\n', start);
  while (firstPortOfLine(text, end + 1) === first) end = text.indexOf('\n', end + 1);
  return end;
}

/**
 * A table of all ports. A block's number is its place in the text, behind three of ports without a row, one for each range.
 * @param found what was parsed before: who asks again gets the same objects
 */
function indexFacts({ text, start, stop }: FactsText, found: ReadonlyMap<number, Slots>): FactsAt {
  const blockOfPort = new Uint16Array(LAST_PORT + 1).fill(1, FIRST_USER_PORT).fill(2, FIRST_DYNAMIC_PORT);
  const starts = [0, 0, 0];
  let previous = -1;
  for (let at = start; at < stop; at = text.indexOf('\n', at) + 1) {
    const ports = text.slice(at, text.indexOf('\t', at));
    const dash = ports.indexOf('-');
    const first = Number(dash === -1 ? ports : ports.slice(0, dash));
    if (first === previous) continue;
    previous = first;
    const last = dash === -1 ? first : Number(ports.slice(dash + 1));
    for (let port = first; port <= last; port += 1) blockOfPort[port] = starts.length;
    starts.push(at);
  }
  starts.push(stop);

  const facts: Slots = new Array<null>(starts.length * WIDTH).fill(null);
  [0, FIRST_USER_PORT, FIRST_DYNAMIC_PORT].forEach((port, block) => facts.fill(defaultFacts(port), block * WIDTH, (block + 1) * WIDTH));
  for (const [port, known] of found) facts.splice((blockOfPort[port] ?? 0) * WIDTH, WIDTH, ...known);
  return (port, transport) => {
    const block = blockOfPort[port] ?? 0;
    const slot = block * WIDTH;
    const known = facts[slot + transport] ?? null;
    if (known !== null) return known;
    parseTrustedBlock(text.slice(starts[block], (starts[block + 1] ?? 0) - 1), port, facts, slot);
    return facts[slot + transport] ?? defaultFacts(port);
  };
}
