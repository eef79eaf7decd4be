import type { JsonSchema } from '../yaml/scalar-kinds.ts';
import { FIELDS, type FieldDefinition } from './fields.ts';
import { EXCEPTION_KEYS, FILE_KEYS, OVERRIDE_KEYS, RULE_KEYS, type Keys } from './keys.ts';

/**
 * The JSON Schema (draft-07) of a policy file, from the tables that validate it. It knows the shape of a file and the form
 * of each value. What lies in more than one place it cannot know: ids that clash, rules that are not there; nor the
 * calendar, the inside of a pattern, or how a number was spelled.
 */
export function policySchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'portreeve policy',
    description: 'Rules, exceptions and overrides of portreeve, version 1 of the language',
    ...objectOf(FILE_KEYS),
    definitions: {
      rule: { description: 'A rule: something that is wrong with a listener', ...objectOf(RULE_KEYS) },
      exception: { description: 'An exception: named rules, silenced for one narrowly described listener', ...objectOf(EXCEPTION_KEYS) },
      override: {
        description: 'An override: a rule of another file switched on or off, or given another severity',
        ...objectOf(OVERRIDE_KEYS),
        anyOf: [{ required: ['enabled'] }, { required: ['severity'] }],
        not: { required: ['enabled', 'severity'], properties: { enabled: { const: false } } },
      },
      match: matchSchema(),
    },
  };
}

function objectOf(keys: Keys): JsonSchema {
  const entries = Object.entries(keys);
  return {
    type: 'object',
    properties: Object.fromEntries(entries.map(([key, { description, schema }]) => [key, { description, ...schema }])),
    required: entries.filter(([, { required }]) => required).map(([key]) => key),
    additionalProperties: false,
  };
}

function matchSchema(): JsonSchema {
  const match = { $ref: '#/definitions/match' };
  const matches = { type: 'array', items: match, minItems: 1 };
  return {
    description: 'Fields joined by and; a list of values means any of them',
    type: 'object',
    properties: {
      ...Object.fromEntries([...FIELDS.values()].map((field) => [field.name, fieldSchema(field)])),
      any: { description: 'At least one of these matches', ...matches },
      not: { description: 'None of these matches', anyOf: [match, matches] },
    },
    minProperties: 1,
    additionalProperties: false,
  };
}

function fieldSchema({ description, kind }: FieldDefinition): JsonSchema {
  return kind.takesList ? { description, anyOf: [kind.schema, { type: 'array', items: kind.schema, minItems: 1 }] } : { description, ...kind.schema };
}
