import type { AssignmentStatus, PortFacts } from '../model/registry.ts';
import { TRANSPORTS } from '../model/registry.ts';
import type { FormerNames } from './former-names.ts';
import { formerNameInNotes } from './former-names.ts';
import { invalidRegistry } from './invalid-registry.ts';
import type { FactsByTransport, PortBlock } from './port-table.ts';
import { defaultFacts, FIRST_DYNAMIC_PORT, FIRST_USER_PORT, freezeFacts, portKey, rangeOf } from './port-table.ts';
import { preferService } from './prefer-service.ts';
import type { RegistryCsv, RegistryRow } from './read-registry-csv.ts';
import { parseRegistryDate } from './registry-date.ts';

// The registry has no column for the status. It is told by the description, and for ports that were given back by the notes.
const RESERVED = /^reserved\b/i;
const GIVEN_BACK = /^(?:de-registered|de-assigned|de-commissioned|decomm?issioned|deprecated|removed)\b/i;
const UNASSIGNED = /^\W{0,4}un-?assigned\b/i; // "unassigned", "(unassigned) Possibly assigned", "Unassigned [was netstat]"
const GIVEN_BACK_IN_NOTES = /de-assigned|de-registered|released\s{1,8}by/i;
const DAY_IN_NOTES = /\b(?:removed|de-assigned|de-registered|released)\s{1,8}on\s{1,8}(\d{4}-\d{2}-\d{2})/i;

/** At most 7 in the official files (80/tcp, udp and sctp under three names). A file may not make the sweep below quadratic. */
const MAX_ROWS_PER_PORT = 32;

/** What one row says of its ports, as long as no other row covers them. Rows never say `dynamic`. */
export function statusOfRow(row: Pick<RegistryRow, 'service' | 'description' | 'notes'>): AssignmentStatus {
  if (row.service !== null) return 'assigned';
  if (RESERVED.test(row.description)) return GIVEN_BACK_IN_NOTES.test(row.notes) ? 'de-assigned' : 'reserved';
  if (GIVEN_BACK.test(row.description)) return 'de-assigned';
  // Rows without any text exist in no official file; they assign nothing.
  if (row.description === '' || UNASSIGNED.test(row.description)) return 'unassigned';
  // Also "IANA Reserved", which 49151 had in the files up to 2022: only a description that starts with the word counts.
  return 'assigned';
}

/**
 * The day on which a row's status began. For `de-assigned` by description the registration column counts where the
 * other is empty: 9006 ("De-Commissioned Port", 2000-02-24) shows that it carries that day.
 */
export function sinceOfRow(row: RegistryRow, status: AssignmentStatus): string | null {
  switch (status) {
    case 'assigned':
      return row.registered;
    case 'reserved':
    case 'de-assigned':
      return row.modified ?? dayInNotes(row.notes) ?? (GIVEN_BACK.test(row.description) ? row.registered : null);
    case 'unassigned':
    case 'dynamic':
      return null;
  }
}

function dayInNotes(notes: string): string | null {
  return parseRegistryDate(DAY_IN_NOTES.exec(notes)?.[1] ?? '');
}

/** Which row decides where several cover a port: an assignment, then a reservation, then a port given back. */
function rankOfRow(row: RegistryRow): number {
  if (statusOfRow(row) === 'assigned') return 3;
  if (RESERVED.test(row.description)) return 2;
  return GIVEN_BACK.test(row.description) ? 1 : 0;
}

/** Of two rows of one rank the one for fewer ports decides (7775 beside 7748-7776), else the earlier in the file. */
function decidingRow(rows: readonly RegistryRow[]): RegistryRow | undefined {
  const [first, ...others] = rows;
  const order = (a: RegistryRow, b: RegistryRow): number => rankOfRow(b) - rankOfRow(a) || a.last - a.first - (b.last - b.first);
  return first && others.reduce((best, row) => (order(row, best) < 0 ? row : best), first);
}

/** Facts of a port below 49152 from the rows that cover it on one transport, in file order. */
function factsOfPort(port: number, rows: readonly RegistryRow[], former: string | null): PortFacts {
  const named = rows.filter((row) => row.service !== null);
  const service = preferService(port, named);
  const deciding = service === null ? decidingRow(rows) : named.find((row) => row.service === service);
  const status = deciding === undefined ? 'unassigned' : statusOfRow(deciding);
  const aliases = new Set(named.flatMap((row) => (row.service === null || row.service === service ? [] : [row.service])));
  return {
    status,
    range: rangeOf(port),
    service,
    aliases: [...aliases],
    since: deciding === undefined ? null : sinceOfRow(deciding, status),
    former: status === 'assigned' ? null : (rows.map(formerNameInNotes).find((name) => name !== null) ?? former),
  };
}

/**
 * Classifies every port below 49152 on every transport, and gives the blocks of ports that differ from "no row at
 * all", sorted by port. Equal facts are one frozen object.
 * @param formerNames what ports were called in older files; used where a port is not assigned now
 * @throws PortreeveError `registry-invalid` where more rows cover a port than in any registry
 */
export function classifyPorts(csv: RegistryCsv, formerNames: FormerNames): PortBlock[] {
  const intern = createInterner();
  const starting = groupByFirstPort(csv.rows);
  const blocks: PortBlock[] = [];
  let active: RegistryRow[] = [];

  const edges = findEdges(csv.rows, formerNames);
  edges.forEach((first, index) => {
    active = [...active.filter((row) => row.last >= first), ...(starting.get(first) ?? [])].sort((a, b) => a.line - b.line);
    if (active.length > MAX_ROWS_PER_PORT) throw invalidRegistry(csv.file, active.at(-1)?.line ?? null, `port ${first} has more than ${MAX_ROWS_PER_PORT} rows: this is not the registry`);
    const last = (edges[index + 1] ?? FIRST_DYNAMIC_PORT) - 1;
    const facts = TRANSPORTS.map((transport) => {
      const rows = active.filter((row) => row.transport === null || row.transport === transport);
      const former = formerNames.get(portKey(first, transport)) ?? null;
      return rows.length === 0 && former === null ? defaultFacts(first) : intern(factsOfPort(first, rows, former));
    });
    appendBlock(blocks, { first, last, facts });
  });
  return blocks;
}

function groupByFirstPort(rows: readonly RegistryRow[]): Map<number, RegistryRow[]> {
  const groups = new Map<number, RegistryRow[]>();
  for (const row of rows) {
    const group = groups.get(row.first);
    if (group === undefined) groups.set(row.first, [row]);
    else group.push(row);
  }
  return groups;
}

/** First ports of the stretches in which neither the covering rows nor a former name changes. */
function findEdges(rows: readonly RegistryRow[], formerNames: FormerNames): number[] {
  const edges = new Set([0, FIRST_USER_PORT]);
  for (const row of rows) edges.add(row.first).add(row.last + 1);
  for (const key of formerNames.keys()) {
    const port = Math.floor(key / TRANSPORTS.length);
    edges.add(port).add(port + 1);
  }
  return [...edges].filter((port) => port < FIRST_DYNAMIC_PORT).sort((a, b) => a - b);
}

/** Adds a block, as part of the one before where both say the same; not at all where it says nothing. */
function appendBlock(blocks: PortBlock[], block: PortBlock): void {
  const same = (a: FactsByTransport): boolean => a.every((facts, index) => facts === block.facts[index]);
  if (block.facts.every((facts) => facts === defaultFacts(block.first))) return;
  const previous = blocks.at(-1);
  if (previous?.last === block.first - 1 && same(previous.facts)) blocks[blocks.length - 1] = { ...previous, last: block.last };
  else blocks.push(block);
}

/** Gives the same object for equal facts, so that a comparison of facts is one of references. */
function createInterner(): (facts: PortFacts) => PortFacts {
  const keyOf = (facts: PortFacts): string => JSON.stringify([facts.status, facts.range, facts.service, facts.aliases, facts.since, facts.former]);
  const known = new Map([0, FIRST_USER_PORT].map((port) => [keyOf(defaultFacts(port)), defaultFacts(port)]));
  return (facts) => {
    const key = keyOf(facts);
    const found = known.get(key);
    if (found !== undefined) return found;
    const frozen = freezeFacts(facts);
    known.set(key, frozen);
    return frozen;
  };
}
