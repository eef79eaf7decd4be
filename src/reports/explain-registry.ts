import type { AssignedNeighbour, Explanation, TransportExplanation } from '../model/explanation.ts';
import type { AssignmentStatus, PortFacts, PortRange } from '../model/registry.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';

/** The three ranges (RFC 6335, section 6). */
const RANGES: Readonly<Record<PortRange, string>> = {
  system: 'system range (0-1023, "well-known"): the standard services; on most systems only root may bind here',
  user: 'user range (1024-49151, "registered"): services that asked IANA for a port',
  dynamic: 'dynamic range (49152-65535, "private or ephemeral"): for clients and private use',
};

/** What each status means to who finds or wants a service there; after RFC 6335, as cited. */
const MEANINGS: Readonly<Record<AssignmentStatus, string>> = {
  'assigned': 'IANA gave it to this service. That says what to expect here, not that what listens is that service.',
  'unassigned': 'Nobody has it, and IANA may give it to who asks (RFC 6335, section 6). A service here is a local decision, or a guest.',
  'reserved': 'IANA keeps it back and gives it to nobody who asks (RFC 6335, section 6). No service has a reason to expect it.',
  'de-assigned': 'It belonged to a service that gave it up (RFC 6335, section 8.2). Old software may still use it; new software has no business here.',
  'dynamic': 'IANA never assigns it (RFC 6335, section 6). Clients get such ports for a moment; a service here may meet one that was faster.',
};

const NAME_KINDS = { service: 'the service name', alias: 'another name', former: 'the former service name' } as const;

/** Which port, in which range, after which registry. */
export function renderHeading({ port, name, range, registry }: Pick<Explanation, 'port' | 'name' | 'range' | 'registry'>, options: TextOptions): string[] {
  return [
    paint(`Port ${port}`, 'bold', options.colour),
    ...(name === null ? [] : wrapText(`"${word.showText(name.asked, options)}" is ${NAME_KINDS[name.as]} of this port, and of no other.`, options.columns, INDENT)),
    ...wrapText(`In the ${RANGES[range]}.`, options.columns, INDENT),
    ...renderSource(registry, options),
  ];
}

export function renderSource(registry: Explanation['registry'], options: TextOptions): string[] {
  const source = registry.source === 'embedded' ? 'embedded snapshot' : word.showText(registry.source, options);
  return wrapText(`Registry: ${source} of ${word.showText(registry.updated, options)}.`, options.columns, INDENT);
}

/** One section for all transports of which the registry says the same. */
export function renderTransports({ transports }: Pick<Explanation, 'transports'>, options: TextOptions): string[][] {
  const alike = groupBy(transports, ({ facts, unauthorizedUse }) => JSON.stringify([facts, unauthorizedUse]));
  const told = new Set<AssignmentStatus>();
  return alike.map((same) => {
    const status = same[0]?.facts.status ?? 'unassigned';
    const meaning = told.has(status) ? [] : [MEANINGS[status]];
    told.add(status);
    return renderAlike(same, meaning, options);
  });
}

function renderAlike(same: readonly TransportExplanation[], meaning: readonly string[], options: TextOptions): string[] {
  const { columns, colour } = options;
  const [first] = same;
  if (first === undefined) return [];
  const { facts, unauthorizedUse } = first;
  const body: string[] = [...meaning, ...unrecorded(facts)];
  if (facts.aliases.length > 0) body.push(`Also registered as ${facts.aliases.map((alias) => word.showText(alias, options)).join(', ')}.`);
  if (unauthorizedUse !== null) body.push(`The registry was told of unauthorised use: "${word.showParagraph(unauthorizedUse, options)}".`);
  if (facts.status !== 'assigned' && facts.status !== 'dynamic') {
    const blocks = labelByTransport(same, ({ block }) => (block.to > block.from ? `${block.from}-${block.to}` : ''));
    if (blocks !== '') body.push(`In a block of ports that are all ${facts.status}: ${blocks}.`);
    const below = labelByTransport(same, (each) => neighbourLabel(each.below, 'below', options));
    const above = labelByTransport(same, (each) => neighbourLabel(each.above, 'above', options));
    if (below + above !== '') body.push(`Nearest assigned: ${[below, above].filter((text) => text !== '').join(', ')}.`);
  }
  return [
    ...wrapText(`${namesOf(same)}: ${standing(facts, options)}`, columns).map((line) => paint(line, 'bold', colour)),
    ...body.flatMap((text) => wrapText(text, columns, INDENT)),
  ];
}

/** One label where all transports have the same, else each with the transports that it is for. */
function labelByTransport(entries: readonly TransportExplanation[], label: (entry: TransportExplanation) => string): string {
  const groups = groupBy(entries, label);
  return groups
    .flatMap((same) => {
      const text = same[0] === undefined ? '' : label(same[0]);
      return text === '' ? [] : [groups.length === 1 ? text : `${text} (${namesOf(same)})`];
    })
    .join(', ');
}

function namesOf(entries: readonly TransportExplanation[]): string {
  return entries.map(({ transport }) => transport).join(', ');
}

/** Entries of one key together, in the order in which the keys first come. */
export function groupBy<Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => string): Entry[][] {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const same = groups.get(keyOf(entry));
    if (same === undefined) groups.set(keyOf(entry), [entry]);
    else same.push(entry);
  }
  return [...groups.values()];
}

/** What one would expect to be told, and the data does not have. */
function unrecorded({ status, since, former }: PortFacts): string[] {
  if (status === 'unassigned' || status === 'dynamic') return [];
  const lacks = [...(since === null ? ['since when'] : []), ...(status === 'de-assigned' && former === null ? ['which service had it'] : [])];
  return lacks.length === 0 ? [] : [`Not recorded: ${lacks.join(', ')}.`];
}

/** `assigned to http, registered 1994-11`, `formerly ci3-software-2, de-assigned 2019-10-30`. */
export function standing(facts: PortFacts, options: TextOptions): string {
  const since = facts.since === null ? '' : word.showText(facts.since, options);
  if (facts.status === 'assigned') {
    const service = facts.service === null ? 'a service without a name' : word.showText(facts.service, options);
    return `assigned to ${service}${since === '' ? '' : `, registered ${since}`}`;
  }
  const former = facts.former === null ? '' : `formerly ${word.showText(facts.former, options)}, `;
  return former + facts.status + (since === '' ? '' : ` ${since}`);
}

function neighbourLabel(neighbour: AssignedNeighbour | null, side: string, options: TextOptions): string {
  if (neighbour === null) return '';
  return `${neighbour.port}${neighbour.service === null ? '' : ` ${word.showText(neighbour.service, options)}`} ${side}`;
}
