import type { Problem } from '../model/errors.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { quote, type PlacedNode } from '../yaml/placed-node.ts';
import { createProblemLog, type ProblemLog } from '../yaml/problem-log.ts';
import { checkVersion, readList, readMapping, readProse, readScalar, readText, readWords, reportMissing, type Entries } from '../yaml/read-mapping.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { choice, flag } from '../yaml/scalar-kinds.ts';
import { isCalendarDate } from './calendar-date.ts';
import type { ExceptionDocument, OverrideDocument, PlacedId, PolicyDocument, PolicyIds, RuleDocument } from './document.ts';
import { EXCEPTION_KEYS, FILE_KEYS, ID, OVERRIDE_KEYS, RULE_KEYS, TECHNIQUE, type Keys } from './keys.ts';
import { parseMatch } from './parse-match.ts';

const severityKind = choice(SEVERITIES);

export interface ParsedPolicy {
  /** Null where anything in the file is wrong. */
  readonly document: PolicyDocument | null;
  /** What the file declares, as far as it could be read; null where it could not be read at all. */
  readonly ids: PolicyIds | null;
  /** Everything found wrong (or, as warnings, odd) within the file. */
  readonly problems: readonly Problem[];
}

/**
 * Reads and checks the text of one policy file; `file` is for the positions. Never throws for what the text says. Ids
 * are compared across files later, by `compilePolicy`.
 */
export async function parsePolicyDocument(text: string, file: string): Promise<ParsedPolicy> {
  const { root, problems: yamlProblems } = await readYaml(text, file);
  if (root === null) return { document: null, ids: null, problems: yamlProblems };
  const log = createProblemLog(file);
  const entries = readMapping(root, 'a policy file', Object.keys(FILE_KEYS), log);
  if (entries === null) return { document: null, ids: null, problems: log.problems };
  checkVersion(entries, root, log);

  const ids = { file, rules: [] as PlacedId[], exceptions: [] as PolicyIds['exceptions'][number][], overrides: [] as { rule: PlacedId }[] };
  const rules = readEach(entries, 'rules', log, (node) => parseRule(node, ids.rules, log));
  const exceptions = readEach(entries, 'exceptions', log, (node) => parseException(node, ids.exceptions, log));
  const overrides = readEach(entries, 'overrides', log, (node) => parseOverride(node, ids.overrides, log));
  return { document: log.failed ? null : { file, rules, exceptions, overrides }, ids, problems: log.problems };
}

function readEach<Item>(entries: Entries, key: string, log: ProblemLog, parse: (node: PlacedNode) => Item | null): readonly Item[] {
  const list = entries.get(key);
  if (list === undefined) return [];
  return (readList(list.value, key, log) ?? []).flatMap((node) => parse(node) ?? []);
}

function parseRule(node: PlacedNode, ids: PlacedId[], log: ProblemLog): RuleDocument | null {
  const entries = readEntry(node, 'a rule', RULE_KEYS, log);
  if (entries === null) return null;
  const id = readIdOf(entries, 'id', log);
  if (id !== null) ids.push(id);
  const titleNode = entries.get('title')?.value;
  const title = titleNode === undefined ? null : readProse(titleNode, 'title', log, { lines: false });
  const match = readMatch(entries, log);
  const severity = readSeverity(entries, log);
  const advice = readOptionalProse(entries, 'advice', log);
  const references = readOptionalWords(entries, 'references', log).map(({ word }) => word);
  const attack = readTechniques(entries, log);
  const enabled = readEnabled(entries, log) ?? true;
  if (id === null || title === null || match === null || severity === null) return null;
  return { ...id, title, match, severity, advice, references, attack, enabled };
}

function parseException(node: PlacedNode, ids: PolicyIds['exceptions'][number][], log: ProblemLog): ExceptionDocument | null {
  const entries = readEntry(node, 'an exception', EXCEPTION_KEYS, log);
  if (entries === null) return null;
  const id = readIdOf(entries, 'id', log);
  const rules = readSilencedRules(entries, log);
  if (id !== null) ids.push({ ...id, rules });
  const match = readMatch(entries, log);
  const reason = readOptionalProse(entries, 'reason', log);
  const owner = readOptionalProse(entries, 'owner', log);
  const expires = readExpiry(entries, log);
  if (id === null || match === null || reason === null) return null;
  return { ...id, rules, match, reason, owner, expires };
}

function parseOverride(node: PlacedNode, ids: { rule: PlacedId }[], log: ProblemLog): OverrideDocument | null {
  const entries = readEntry(node, 'an override', OVERRIDE_KEYS, log);
  if (entries === null) return null;
  const rule = readIdOf(entries, 'rule', log);
  if (rule !== null) ids.push({ rule });
  const enabled = readEnabled(entries, log);
  const severity = readSeverity(entries, log);
  const reason = readOptionalProse(entries, 'reason', log);
  if (!entries.has('enabled') && !entries.has('severity')) {
    log.error(node.at, 'an override changes something', 'Write enabled: false to switch the rule off, or a severity.', 'missing-key');
  }
  if (enabled === false && severity !== null) log.error(entries.get('severity')?.keyAt ?? node.at, 'a rule that is switched off has no severity', 'Keep one of the two.');
  return rule === null || reason === null ? null : { rule, enabled, severity, reason };
}

/** The entries of a mapping with known keys, of which some have to be there. */
function readEntry(node: PlacedNode, what: string, keys: Keys, log: ProblemLog): Entries | null {
  const entries = readMapping(node, what, Object.keys(keys), log);
  if (entries === null) return null;
  for (const [key, { required }] of Object.entries(keys)) if (required && !entries.has(key)) reportMissing(key, node, what, log);
  return entries;
}

function readIdOf(entries: Entries, key: string, log: ProblemLog): PlacedId | null {
  const node = entries.get(key)?.value;
  return node === undefined ? null : readId(node, key, log);
}

/** An id as it may be written. */
export function readId(node: PlacedNode, key: string, log: ProblemLog): PlacedId | null {
  const id = readText(node, key, log);
  if (id === null) return null;
  if (ID.test(id)) return { id, at: node.at };
  const suggestion = id.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 100);
  log.error(node.at, `${quote(id)} is not an id: small letters, digits and hyphens, a letter or digit first`, suggestion === '' ? null : `For example: ${suggestion}`);
  return null;
}

function readMatch(entries: Entries, log: ProblemLog): RuleDocument['match'] | null {
  const match = entries.get('match')?.value;
  return match === undefined ? null : parseMatch(match, log);
}

function readSeverity(entries: Entries, log: ProblemLog): Severity | null {
  const node = entries.get('severity')?.value;
  return node === undefined ? null : readScalar(node, 'severity', severityKind, log);
}

function readOptionalProse(entries: Entries, key: string, log: ProblemLog): string | null {
  const entry = entries.get(key);
  return entry === undefined ? null : readProse(entry.value, key, log, { lines: true });
}

function readOptionalWords(entries: Entries, key: string, log: ProblemLog): ReturnType<typeof readWords> {
  const entry = entries.get(key);
  return entry === undefined ? [] : readWords(entry.value, key, log);
}

function readTechniques(entries: Entries, log: ProblemLog): readonly string[] {
  return readOptionalWords(entries, 'attack', log).map(({ word, at }) => {
    if (!TECHNIQUE.test(word)) log.error(at, `${quote(word)} is not an ATT&CK technique`, 'Write T1571, or T1571.001 for a sub-technique.');
    return word;
  });
}

function readEnabled(entries: Entries, log: ProblemLog): boolean | null {
  const node = entries.get('enabled')?.value;
  return node === undefined ? null : readScalar(node, 'enabled', flag, log);
}

function readSilencedRules(entries: Entries, log: ProblemLog): readonly PlacedId[] {
  const list = entries.get('rules')?.value;
  const items = list === undefined ? null : readList(list, 'rules', log);
  if (items?.length === 0) log.error(list?.at ?? null, 'an exception names the rules that it silences', 'For example: rules: [de-assigned-exposed]');
  return (items ?? []).flatMap((item) => readId(item, 'each item of rules', log) ?? []);
}

function readExpiry(entries: Entries, log: ProblemLog): ExceptionDocument['expires'] {
  const node = entries.get('expires')?.value;
  if (node === undefined) return null;
  const date = readText(node, 'expires', log);
  if (date === null) return null;
  if (!isCalendarDate(date)) {
    log.error(node.at, `${quote(date)} is not a date of the calendar`, 'Write YYYY-MM-DD, like 2027-06-30.');
    return null;
  }
  return { date, at: node.at };
}
