import type { AssignmentStatus, PortFacts } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import type { FactsByTransport, PortBlock } from './port-table.ts';
import { defaultFacts, freezeFacts, rangeOf } from './port-table.ts';
import { isServiceName } from './read-registry-csv.ts';
import { parseRegistryDate } from './registry-date.ts';

/** First line of a facts file, by which it is told from a CSV. The number is the version of the format. */
export const FACTS_TITLE = '# portreeve registry facts, format 1';

const LEGEND = [
  '# Made from the official CSV by a command; not edited by hand. Columns, between tabs: port or range of ports;',
  '# transports (t tcp, u udp, s sctp, d dccp); status (A assigned, R reserved, D de-assigned, U unassigned); service',
  '# names, the usual one first; since; former service name. A port without a line is unassigned, or dynamic from 49152.',
];

const TRANSPORT_LETTERS = TRANSPORTS.map((transport) => transport.charAt(0));

type ListedStatus = Exclude<AssignmentStatus, 'dynamic'>;
const STATUS_LETTERS: Readonly<Record<ListedStatus, string>> = { assigned: 'A', reserved: 'R', 'de-assigned': 'D', unassigned: 'U' };
const STATUS_BY_LETTER: ReadonlyMap<string, ListedStatus> = new Map(
  Object.entries(STATUS_LETTERS).map(([status, letter]) => [letter, status as ListedStatus]),
);

/** Status behind its letter, in text that was checked before. */
export function statusOfLetter(letter: string): ListedStatus {
  switch (letter) {
    case 'A':
      return 'assigned';
    case 'R':
      return 'reserved';
    case 'D':
      return 'de-assigned';
    default: // U
      return 'unassigned';
  }
}

/** Place in TRANSPORTS behind the character code of a letter, in text that was checked before. */
export function transportOfLetter(code: number): number {
  switch (code) {
    case 0x74: // t
      return 0;
    case 0x75: // u
      return 1;
    case 0x73: // s
      return 2;
    default: // d
      return 3;
  }
}

/** Writes blocks as facts text: a line for each block and each different facts in it, sorted by port. */
export function writeFacts(updated: string, blocks: readonly PortBlock[]): string {
  const lines = blocks.flatMap(({ first, last, facts }) => {
    const ports = first === last ? `${first}` : `${first}-${last}`;
    const different = [...new Set(facts)].filter((one) => one !== defaultFacts(first));
    return different.map((one) => {
      const letters = TRANSPORT_LETTERS.filter((_, index) => facts[index] === one).join('');
      return `${ports}\t${letters}\t${factsColumns(one).join('\t')}`.trimEnd();
    });
  });
  return [FACTS_TITLE, `# snapshot ${updated}`, ...LEGEND, ...lines, `# end ${lines.length}`, ''].join('\n');
}

function factsColumns(facts: PortFacts): string[] {
  if (facts.status === 'dynamic') throw new RangeError('dynamic ports are not listed');
  const names = facts.service === null ? [] : [facts.service, ...facts.aliases];
  return [STATUS_LETTERS[facts.status], names.join(','), facts.since ?? '', facts.former ?? ''];
}

/**
 * The facts of a block from its lines, which all have the same port column.
 * @returns what is wrong, as text, where a line is not as `writeFacts` makes it
 */
export function parseBlockLines(first: number, lines: readonly string[]): FactsByTransport | string {
  const facts: PortFacts[] = TRANSPORTS.map(() => defaultFacts(first));
  let seen = '';
  for (const line of lines) {
    const [, letters = '', ...columns] = line.split('\t');
    const one = parseFactsColumns(first, columns);
    if (typeof one === 'string') return one;
    if (letters === '') return 'no transport';
    for (const letter of letters) {
      const transport = TRANSPORT_LETTERS.indexOf(letter);
      if (transport === -1 || seen.includes(letter)) return 'an unknown transport, or one that was there before';
      seen += letter;
      facts[transport] = one;
    }
  }
  return facts;
}

function parseFactsColumns(port: number, columns: readonly string[]): PortFacts | string {
  const [letter = '', namesText = '', since = '', former = ''] = columns;
  const status = STATUS_BY_LETTER.get(letter);
  const names = namesText === '' ? [] : namesText.split(',');
  const [service = null, ...aliases] = names;
  if (status === undefined) return 'an unknown status';
  if (columns.length > 4) return 'too many columns';
  if (!names.every(isServiceName) || (former !== '' && !isServiceName(former))) return 'a service name that cannot be one';
  if (status === 'assigned' ? former !== '' : names.length > 0) return 'only assigned ports have names, and only others a former one';
  if (since !== '' && parseRegistryDate(since) === null) return 'a date that is none';
  return freezeFacts({ status, range: rangeOf(port), service, aliases, since: since === '' ? null : since, former: former === '' ? null : former });
}
