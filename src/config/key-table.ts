import type { PlacedEntry, PlacedNode } from '../yaml/placed-node.ts';
import type { ProblemLog } from '../yaml/problem-log.ts';
import { readMapping, reportMissing } from '../yaml/read-mapping.ts';
import type { ValueKind } from './value-kinds.ts';

/** A key counts only where another one beside it has one of these values. */
export interface Condition {
  readonly key: string;
  readonly values: readonly string[];
}

export interface Key<Value> {
  readonly kind: ValueKind<Value>;
  /** Undefined where the key has to be there. */
  readonly default: Value | undefined;
  /** One sentence for a person. */
  readonly description: string;
  readonly only: Condition | null;
}

export interface Section<Keys extends Table> {
  readonly keys: Keys;
  readonly description: string;
  readonly only: Condition | null;
}

export type Entry = Key<unknown> | Section<Table>;
export interface Table {
  readonly [name: string]: Entry;
}

/** What reading gives for an entry of the table. */
export type Read<E> = E extends Section<infer Keys> ? ReadTable<Keys> : E extends Key<infer Value> ? Value : never;
export type ReadTable<Keys> = { readonly [Name in keyof Keys]: Read<Keys[Name]> };

export function key<Value>(kind: ValueKind<Value>, usual: NoInfer<Value>, description: string, only: Condition | null = null): Key<Value> {
  return { kind, default: usual, description, only };
}

export function requiredKey<Value>(kind: ValueKind<Value>, description: string): Key<Value> {
  return { kind, default: undefined, description, only: null };
}

export function section<const Keys extends Table>(description: string, keys: Keys, only: Condition | null = null): Section<Keys> {
  return { keys, description, only };
}

export function isSection(entry: Entry): entry is Section<Table> {
  return 'keys' in entry;
}

/** What a file says of a table, beside the values: what holds between keys is checked with the places. */
export interface Reading<Keys> {
  readonly values: ReadTable<Keys>;
  /** Keys that the file has, by their paths: `alerts.settle.error`. */
  readonly given: ReadonlyMap<string, PlacedEntry>;
  /** Those of them whose values could not be read, and which have their defaults here. */
  readonly faulty: ReadonlySet<string>;
}

/**
 * Reads a mapping by its table. Null, or no node at all, is a mapping without keys: all of them may be commented out.
 * What is wrong is logged, and has its default in the values. `what`: for messages (`a syslog sink`).
 */
export function readTable<Keys extends Table>(table: Keys, node: PlacedNode | undefined, what: string, log: ProblemLog, also: readonly string[] = []): Reading<Keys> {
  const given = new Map<string, PlacedEntry>();
  const faulty = new Set<string>();

  const readKeys = (keys: Table, mapping: PlacedNode | undefined, prefix: string, title: string, known: readonly string[]): Record<string, unknown> => {
    const isAbsent = mapping === undefined || (mapping.kind === 'scalar' && mapping.value === null);
    const entries = isAbsent ? null : readMapping(mapping, title, [...known, ...Object.keys(keys)], log);
    if (entries === null && !isAbsent) faulty.add(prefix.slice(0, -1));
    return Object.fromEntries(Object.entries(keys).map(([name, entry]) => [name, readEntry(entry, entries?.get(name), `${prefix}${name}`, mapping)]));
  };

  const readEntry = (entry: Entry, found: PlacedEntry | undefined, path: string, parent: PlacedNode | undefined): unknown => {
    if (found !== undefined) given.set(path, found);
    if (isSection(entry)) return readKeys(entry.keys, found?.value, `${path}.`, path, []);
    if (found === undefined) {
      if (entry.default === undefined && parent !== undefined) {
        reportMissing(path, parent, what, log);
        faulty.add(path);
      }
      return entry.default;
    }
    const value = entry.kind.read(found.value, path, log);
    if (value === undefined) faulty.add(path);
    return value ?? (value === null ? null : entry.default);
  };

  // What comes out has the shape of the table by construction.
  return { values: readKeys(table, node, '', what, also) as ReadTable<Keys>, given, faulty };
}

/** Every key of a table by its path, in the order of the table; the condition of a section is that of its keys. */
export function* listKeys(table: Table, prefix = '', only: Condition | null = null): Generator<readonly [path: string, key: Key<unknown>]> {
  for (const [name, entry] of Object.entries(table)) {
    if (isSection(entry)) yield* listKeys(entry.keys, `${prefix}${name}.`, entry.only ?? only);
    else yield [`${prefix}${name}`, { ...entry, only: entry.only ?? only }];
  }
}

/** Whether a key counts, or a section, beside these values. */
export function counts({ only }: Pick<Entry, 'only'>, valueOf: (key: string) => unknown): boolean {
  return only === null || only.values.some((value) => value === valueOf(only.key));
}
