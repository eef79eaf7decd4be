import type { JsonSchema } from '../yaml/scalar-kinds.ts';
import { printDefault } from './describe-config.ts';
import { isSection, type Entry, type Section, type Table } from './key-table.ts';
import { KEYS } from './keys.ts';
import { MOST_SINKS, SINK_KEYS } from './sink-keys.ts';

/**
 * The JSON Schema (draft-07) of `portreeve.yaml`, from the tables that validate it. It knows the shape of the file and the
 * form of each value; bounds of durations and sizes, the inside of an address, and what holds between keys it cannot know.
 */
export function configSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'portreeve configuration',
    description: 'What the daemon does, and where its alerts go',
    type: 'object',
    properties: {
      version: { description: 'Version of the language: 1', const: 1 },
      ...propertiesOf(KEYS),
      sinks: {
        description: 'Where alerts go; an empty list is nowhere',
        anyOf: [{ type: 'array', maxItems: MOST_SINKS, items: { anyOf: Object.entries(SINK_KEYS).map(sinkSchema) } }, { type: 'null' }],
      },
    },
    required: ['version'],
    additionalProperties: false,
  };
}

function propertiesOf(table: Table): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, entrySchema(entry)]));
}

/** A section may be null: all of its keys may be commented out. */
function entrySchema(entry: Entry): JsonSchema {
  const { description } = entry;
  if (isSection(entry)) return { description, type: ['object', 'null'], properties: propertiesOf(entry.keys), additionalProperties: false };
  const usual = printDefault(entry);
  return { description, ...(usual === null ? {} : { default: dataOf(usual) }), ...entry.kind.schema };
}

function sinkSchema([type, { description, keys }]: [string, Section<Table>]): JsonSchema {
  const required = Object.entries(keys).filter(([, entry]) => !isSection(entry) && entry.default === undefined);
  return {
    description,
    type: 'object',
    properties: { type: { const: type }, ...propertiesOf(keys) },
    required: ['type', ...required.map(([name]) => name)],
    additionalProperties: false,
  };
}

/** A default as data; those in lists or in quotes there are none. */
function dataOf(printed: string): string | number | boolean {
  if (printed === 'true' || printed === 'false') return printed === 'true';
  return /^[0-9]+$/.test(printed) ? Number(printed) : printed;
}
