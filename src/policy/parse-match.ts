import { describeNode, quote, type Place, type PlacedEntry, type PlacedNode } from '../yaml/placed-node.ts';
import type { ProblemLog } from '../yaml/problem-log.ts';
import { suggestWord } from '../yaml/read-mapping.ts';
import type { ConditionDocument } from './document.ts';
import { FIELDS, type FieldDefinition } from './fields.ts';
import { isPortName, type FieldValue } from './value-kinds.ts';

/** How deep `not` and `any` may nest; more than three is already hard to read. */
const DEEPEST_MATCH = 32;
const KNOWN_KEYS = [...FIELDS.keys(), 'not', 'any'];

/** Checks a `match`: fields joined by and. Null where anything in it is wrong, which is logged. */
export function parseMatch(node: PlacedNode, log: ProblemLog, depth = 0): ConditionDocument | null {
  if (node.kind !== 'mapping') {
    log.error(node.at, `a match is a mapping of fields, found ${describeNode(node)}`, 'For example: match: { port: 8080, protocol: tcp }');
    return null;
  }
  if (node.entries.length === 0) {
    log.error(node.at, 'an empty match would hold for every listener of every host', 'Name at least one field, or remove the entry.');
    return null;
  }
  if (depth > DEEPEST_MATCH) {
    log.error(node.at, `a match nests at most ${DEEPEST_MATCH} levels of not and any`);
    return null;
  }
  const conditions = node.entries.map((entry) => parseEntry(entry, log, depth));
  return combine('all', conditions, node.at);
}

function parseEntry({ key, keyAt, value }: PlacedEntry, log: ProblemLog, depth: number): ConditionDocument | null {
  if (key === 'any') {
    if (value.kind === 'sequence') return parseMatches('any', value, keyAt, log, depth);
    log.error(value.at, `any must be a list of matches, found ${describeNode(value)}`, 'For example: any: [{ port: 80 }, { port: 443 }]');
    return null;
  }
  if (key === 'not') return parseMatches('not', value, keyAt, log, depth);
  const field = FIELDS.get(key);
  if (field !== undefined) return parseField(field, value, keyAt, log);
  if (!log.full) {
    log.error(keyAt, `a match has no field ${quote(key)}`, key === 'all' ? 'Fields of one mapping all have to hold.' : suggestWord(key, KNOWN_KEYS), 'unknown-key');
  }
  return null;
}

/** `any` takes a list; `not` takes one match or a list of them. */
function parseMatches(kind: 'any' | 'not', value: PlacedNode, at: Place, log: ProblemLog, depth: number): ConditionDocument | null {
  const items = value.kind === 'sequence' ? value.items : [value];
  if (items.length === 0) {
    log.error(value.at, `${kind} needs at least one match`);
    return null;
  }
  return combine(kind, items.map((item) => parseMatch(item, log, depth + 1)), at);
}

function combine(kind: 'all' | 'any' | 'not', conditions: readonly (ConditionDocument | null)[], at: Place): ConditionDocument | null {
  const sound = conditions.filter((condition) => condition !== null);
  return sound.length === conditions.length ? { kind, conditions: sound, at } : null;
}

function parseField(field: FieldDefinition, node: PlacedNode, at: Place, log: ProblemLog): ConditionDocument | null {
  const { name, kind } = field;
  if (node.kind === 'mapping') {
    log.error(node.at, `${name}: expected ${kind.expected}, found a mapping`);
    return null;
  }
  if (node.kind === 'sequence' && (!kind.takesList || node.items.length === 0)) {
    log.error(node.at, `${name}: expected ${kind.expected}, found ${node.items.length === 0 ? 'an empty list, which matches nothing' : 'a list'}`);
    return null;
  }
  const items = node.kind === 'sequence' ? node.items : [node];
  const values = items.flatMap((item) => parseValue(field, item, log) ?? []);
  if (values.length < items.length) return null;
  return name === 'port' ? splitPorts(values, at) : { kind: 'field', field: name, values, at };
}

/** A port is meant by its number or by the name that the registry has for it: the latter is what `service` asks. */
function splitPorts(values: readonly FieldValue[], at: Place): ConditionDocument {
  const ports = { kind: 'field', field: 'port', values: values.filter((value) => !isPortName(value)), at } as const;
  const services = { kind: 'field', field: 'service', values: values.filter(isPortName), at } as const;
  if (services.values.length === 0) return ports;
  return ports.values.length === 0 ? services : { kind: 'any', conditions: [ports, services], at };
}

function parseValue({ name, kind }: FieldDefinition, node: PlacedNode, log: ProblemLog): FieldValue | null {
  if (node.kind !== 'scalar') {
    const hint = node.kind === 'sequence' ? 'Lists do not nest: write the values into one list, or use any:.' : null;
    log.error(node.at, `${name}: expected ${kind.expected}, found ${describeNode(node)}`, hint);
    return null;
  }
  const checked = kind.check(node);
  if ('fault' in checked) {
    log.error(node.at, `${name}: ${checked.fault.message}`, checked.fault.hint);
    return null;
  }
  if (checked.warning !== undefined) log.warn(node.at, `${name}: ${checked.warning.message}`, checked.warning.hint, checked.warning.code);
  return checked.value;
}
