import { SEVERITIES } from '../model/severity.ts';
import type { JsonSchema } from '../yaml/scalar-kinds.ts';

/** A key of one kind of mapping of a policy file. These tables drive the validation, and the schema is made from them. */
export interface KeyDefinition {
  readonly required: boolean;
  /** One line for a person. */
  readonly description: string;
  readonly schema: JsonSchema;
}
export type Keys = Readonly<Record<string, KeyDefinition>>;

export const ID = /^[a-z0-9][a-z0-9-]{0,99}$/;
export const TECHNIQUE = /^T[0-9]{4}(?:\.[0-9]{3})?$/;
/** No more than the form: which days a month has is for the calendar. */
const DATE_FORM = '^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$';

/** As `readProse` has it: something to read, and no character that a terminal would not show as it stands in the file. */
const UNFIT = '\\u0000-\\u0009\\u000b-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const PROSE: JsonSchema = { type: 'string', pattern: `^(?=[\\s\\S]*\\S)[^${UNFIT}]*$` };
const LINE: JsonSchema = { type: 'string', pattern: `^\\n*(?=.*\\S)[^\\n${UNFIT}]*\\n*$` };
const WORDS: JsonSchema = { type: 'array', items: LINE };
const RULE_ID: JsonSchema = { type: 'string', pattern: ID.source };
const MATCH: JsonSchema = { $ref: '#/definitions/match' };

function required(description: string, schema: JsonSchema): KeyDefinition {
  return { required: true, description, schema };
}

function optional(description: string, schema: JsonSchema): KeyDefinition {
  return { required: false, description, schema };
}

function listOf(definition: string): JsonSchema {
  return { type: 'array', items: { $ref: `#/definitions/${definition}` } };
}

export const FILE_KEYS: Keys = {
  version: required('Version of the language: 1', { const: 1 }),
  rules: optional('What is wrong with a listener', listOf('rule')),
  exceptions: optional('Rules silenced for narrowly described listeners', listOf('exception')),
  overrides: optional('Rules of other files switched on or off, or given another severity', listOf('override')),
};

export const RULE_KEYS: Keys = {
  id: required('Unique across all files: small letters, digits and hyphens', RULE_ID),
  title: required('What a finding of this rule says, on one line', LINE),
  match: required('The listeners that it finds', MATCH),
  severity: required('How much it matters, in the words of syslog', { enum: SEVERITIES }),
  advice: optional('What to do about it', PROSE),
  references: optional('Where to read on', WORDS),
  attack: optional('Techniques of MITRE ATT&CK, like T1571', { type: 'array', items: { type: 'string', pattern: TECHNIQUE.source } }),
  enabled: optional('false keeps the rule out of force', { type: 'boolean' }),
};

export const EXCEPTION_KEYS: Keys = {
  id: required('Unique among all exceptions', RULE_ID),
  rules: required('Ids of the rules that it silences, and no others', { type: 'array', items: RULE_ID, minItems: 1 }),
  match: required('The listeners that it is about; every owner of one has to fulfil it', MATCH),
  reason: required('Why this is all right, for who reads it in a year', PROSE),
  owner: optional('Whom to ask', PROSE),
  expires: optional('Last day on which it holds, YYYY-MM-DD in the time zone of the host', { type: 'string', pattern: DATE_FORM }),
};

export const OVERRIDE_KEYS: Keys = {
  rule: required('Id of the rule, in whatever file', RULE_ID),
  enabled: optional('false takes the rule out of force, true puts one in force that is disabled where it stands', { type: 'boolean' }),
  severity: optional('The severity to use instead', { enum: SEVERITIES }),
  reason: required('Why it is other here than where the rule stands', PROSE),
};
