import { nearestWord } from '../model/spelling.ts';
import { describeNode, type PlacedNode } from '../yaml/placed-node.ts';
import type { ProblemLog } from '../yaml/problem-log.ts';
import { readList, readScalar } from '../yaml/read-mapping.ts';
import type { JsonSchema, ScalarKind } from '../yaml/scalar-kinds.ts';

/** A kind of value that a key takes. One definition serves reading, the schema, the manual and what is shown of it. */
export interface ValueKind<Value> {
  /** For messages and manuals: `a duration from 100ms to 1h`. */
  readonly expected: string;
  readonly schema: JsonSchema;
  /** `key`: for messages. `expected`: what to say instead. Undefined where it is something else, which is logged. */
  read(node: PlacedNode, key: string, log: ProblemLog, expected?: string): Value | undefined;
  /** As the file would have it. */
  print(value: Value): string;
}

/** A plain value. */
export function plain<Value>(kind: ScalarKind<Value>, print: (value: Value) => string = String): ValueKind<Value> {
  return {
    expected: kind.expected,
    schema: kind.schema,
    read: (node, key, log, expected) => readScalar(node, key, kind, log, expected) ?? undefined,
    print,
  };
}

/** A word that stands for null, or a value of the kind. */
export function orWord<Value>(word: string, kind: ValueKind<Value>): ValueKind<Value | null> {
  const usual = `${word}, or ${kind.expected}`;
  return {
    expected: usual,
    schema: { anyOf: [{ const: word }, kind.schema] },
    read(node, key, log, expected = usual) {
      if (node.kind === 'scalar' && node.value === word) return null;
      if (node.kind !== 'scalar' || (node.value !== null && nearestWord(node.source, [word]) === null)) return kind.read(node, key, log, expected);
      log.error(node.at, `${key}: expected ${expected}, found ${describeNode(node)}`, node.value === null ? `Write ${word}, or leave the key out.` : `Did you mean ${word}?`);
      return undefined;
    },
    print: (value) => (value === null ? word : kind.print(value)),
  };
}

/** A value that there is no word for leaving out; what prints as nothing has no default to show. */
export function orNothing<Value>(kind: ValueKind<Value>): ValueKind<Value | null> {
  return { ...kind, print: (value) => (value === null ? '' : kind.print(value)) };
}

/** A list of such values, at least `least` and at most `most` of them. */
export function listOf<Value>(what: string, kind: ValueKind<Value>, least: number, most: number): ValueKind<readonly Value[]> {
  return {
    expected: `a list of ${what}`,
    schema: { type: 'array', items: kind.schema, minItems: least, maxItems: most },
    read(node, key, log) {
      const items = readList(node, key, log);
      if (items === null) return undefined;
      if (items.length < least || items.length > most) {
        log.error(node.at, items.length === 0 ? `${key}: the list is empty` : `${key}: the list has more than ${most} items`, `It is a list of ${what}.`);
        return undefined;
      }
      const values = items.flatMap((item) => kind.read(item, `each item of ${key}`, log) ?? []);
      return values.length === items.length ? values : undefined;
    },
    print: (values) => `[${values.map((value) => kind.print(value)).join(', ')}]`,
  };
}

/** Text, which is quoted where YAML would take it for something else, or for more than one thing. */
export function textOf<Value extends string>(kind: ScalarKind<Value>): ValueKind<Value> {
  return plain(kind, (text) => (PLAIN.test(text) ? text : JSON.stringify(text)));
}

const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)[a-z/][a-z0-9_./+@-]*$/i;
