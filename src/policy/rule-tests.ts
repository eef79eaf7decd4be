import type { Finding, RegisteredListener } from '../model/audit.ts';
import type { FilePosition, Problem } from '../model/errors.ts';
import type { Rule } from '../model/policy.ts';
import { RULE_EXPECTATIONS, type RuleDifference, type RuleExpectation, type RuleOutcome, type UntestedRule } from '../model/rule-test.ts';
import { describeNode, type PlacedNode } from '../yaml/placed-node.ts';
import { createProblemLog, type ProblemLog } from '../yaml/problem-log.ts';
import { checkVersion, readList, readMapping, readProse, readRequired } from '../yaml/read-mapping.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { readId } from './parse-policy.ts';
import { readTestListener } from './test-listener.ts';
import { choiceOf } from './value-kinds.ts';

export interface RuleTestCase {
  readonly name: string;
  readonly position: FilePosition;
  readonly listener: RegisteredListener;
  readonly expect: readonly { readonly rule: string; readonly expected: RuleExpectation; readonly position: FilePosition }[];
}

export interface ParsedRuleTests {
  /** Null where anything in the file is wrong. */
  readonly cases: readonly RuleTestCase[] | null;
  readonly problems: readonly Problem[];
}

const expectationKind = choiceOf(RULE_EXPECTATIONS);

/**
 * Reads a file of rule tests (`NAME.test.yaml` beside the rules): `version: 1` and `cases`, each with a `name`, a
 * `listener` (see `readTestListener`) and `expect`, which says for the rules that the case is about what they make of it.
 * `now`: what the ages of processes are counted back from. Never throws for what the text says.
 */
export async function parseRuleTests(text: string, file: string, now = new Date()): Promise<ParsedRuleTests> {
  const { root, problems } = await readYaml(text, file);
  if (root === null) return { cases: null, problems };
  const log = createProblemLog(file);
  const entries = readMapping(root, 'a file of rule tests', ['version', 'cases'], log);
  if (entries === null) return { cases: null, problems: log.problems };
  checkVersion(entries, root, log);
  const list = readRequired(entries, 'cases', root, 'a file of rule tests', log);
  const items = list && readList(list, 'cases', log);
  if (items?.length === 0) log.error(list?.at ?? null, 'there are no cases');
  const cases = (items ?? []).flatMap((item) => parseCase(item, file, log, now) ?? []);
  return { cases: log.failed ? null : cases, problems: log.problems };
}

function parseCase(node: PlacedNode, file: string, log: ProblemLog, now: Date): RuleTestCase | null {
  const entries = readMapping(node, 'a case', ['name', 'listener', 'expect'], log);
  if (entries === null) return null;
  const nameNode = readRequired(entries, 'name', node, 'a case', log);
  const name = nameNode && readProse(nameNode, 'name', log, { lines: false });
  const listenerNode = readRequired(entries, 'listener', node, 'a case', log);
  const listener = listenerNode && readTestListener(listenerNode, log, now);
  const expectNode = readRequired(entries, 'expect', node, 'a case', log);
  const expect = expectNode && parseExpectations(expectNode, file, log);
  if (name === null || listener === null || expect === null) return null;
  return { name, position: { file, line: node.at[0], column: node.at[1] }, listener, expect };
}

function parseExpectations(node: PlacedNode, file: string, log: ProblemLog): RuleTestCase['expect'] | null {
  if (node.kind !== 'mapping' || node.entries.length === 0) {
    log.error(node.at, `expect: expected a mapping of rules, found ${describeNode(node)}`, 'For example: expect: { de-assigned-exposed: match }');
    return null;
  }
  return node.entries.flatMap(({ key, keyAt, value }) => {
    const id = readId({ kind: 'scalar', at: keyAt, value: key, source: key }, 'each key of expect', log);
    const checked = value.kind === 'scalar' ? expectationKind.check(value) : null;
    if (checked === null || 'fault' in checked) {
      log.error(value.at, checked?.fault.message ?? `expected ${expectationKind.expected}, found ${describeNode(value)}`, checked?.fault.hint);
    }
    const expected = RULE_EXPECTATIONS.find((expectation) => value.kind === 'scalar' && value.value === expectation);
    if (id === null || expected === undefined) return [];
    return [{ rule: id.id, expected, position: { file, line: keyAt[0], column: keyAt[1] } }];
  });
}

/** What differs between a case and the findings for its listener; empty where it passes. `known`: ids of all rules in force. */
export function checkRuleCase(test: RuleTestCase, findings: readonly Finding[], known: ReadonlySet<string>): readonly RuleDifference[] {
  return test.expect.flatMap(({ rule, expected, position }) => {
    const outcome = known.has(rule) ? outcomeOf(findings.find((finding) => finding.rule === rule)) : 'unknown-rule';
    const passes = outcome === expected || (expected === 'match' && (outcome === 'found' || outcome === 'excepted'));
    return passes ? [] : [{ rule, expected, found: outcome, position }];
  });
}

function outcomeOf(finding: Finding | undefined): RuleOutcome {
  if (finding === undefined) return 'none';
  return finding.excepted === null ? 'found' : 'excepted';
}

/** The rules that lack a case which they must match, or one which they must not. */
export function findUntestedRules(rules: readonly Pick<Rule, 'id' | 'position'>[], cases: readonly RuleTestCase[]): readonly UntestedRule[] {
  const matching = new Set<string>();
  const passedOver = new Set<string>();
  for (const { rule, expected } of cases.flatMap((test) => test.expect)) (expected === 'none' ? passedOver : matching).add(rule);
  return rules.flatMap(({ id, position }) => {
    const lacks = [...(matching.has(id) ? [] : ['match' as const]), ...(passedOver.has(id) ? [] : ['none' as const])];
    return lacks.length === 0 ? [] : [{ rule: id, position, lacks }];
  });
}
