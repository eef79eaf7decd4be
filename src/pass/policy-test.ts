import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { evaluateListener } from '../findings/evaluate.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Policy } from '../model/policy.ts';
import type { FailedRuleTest, RuleTestReport } from '../model/rule-test.ts';
import { isRuleTestName, loadRuleTests, type RuleTestFile } from '../policy/rule-test-files.ts';
import { checkRuleCase, findUntestedRules, type RuleTestCase } from '../policy/rule-tests.ts';
import { nearestWord } from '../model/spelling.ts';
import { explainDecisions } from './explain-decisions.ts';
import { LOCAL_RULES, openPolicy } from './policy.ts';

export { renderRuleTests, renderRuleTestsJson } from '../reports/rule-tests.ts';

export interface PolicyTestChoice {
  /** Policy files, folders and files of rule tests; null for the default folder, if there is one. */
  readonly paths: readonly string[] | null;
  /** Whether the shipped packs are in force, and their own tests run. */
  readonly shipped: boolean;
  readonly coverage: boolean;
  readonly now: () => Date;
}

/**
 * Runs rule tests. Those of the shipped packs are about the packs as shipped, so they are held against these alone: a
 * local override is no fault of theirs. Those beside local files are held against everything that is in force with them.
 * @throws PortreeveError `policy-invalid`, `policy-unreadable`
 */
export async function testPolicy({ paths, shipped, coverage, now }: PolicyTestChoice): Promise<RuleTestReport> {
  const tested = paths ?? (existsSync(LOCAL_RULES) ? [LOCAL_RULES] : []);
  const inForce = await openPolicy({ paths: paths === null ? null : policiesOf(paths), shipped, now });
  const packs = shipped ? await openPolicy({ paths: [], shipped, now }) : null;

  const packTests = packs === null ? [] : await loadRuleTests([...new Set(packs.files.map((file) => dirname(file)))], now());
  const localTests = await loadRuleTests(tested, now());
  const cases = [...packTests, ...localTests].flatMap((test) => test.cases);
  return {
    schema: 'portreeve/policy-test/v1',
    files: [...packTests, ...localTests].map(({ file }) => file),
    cases: cases.length,
    rules: inForce.rules.length,
    failed: [...(packs === null ? [] : runTests(packTests, packs)), ...runTests(localTests, inForce)],
    untested: coverage ? findUntestedRules(inForce.rules, cases) : null,
  };
}

/** The policies to put in force: where a file of tests is named by itself, the policy that it lies beside, read once. */
function policiesOf(paths: readonly string[]): readonly string[] {
  const named = new Set(paths.map((path) => resolve(path)));
  const policies = paths.flatMap((path) => {
    if (!isRuleTestName(path)) return [path];
    if (!existsSync(path)) throw new PortreeveError('policy-unreadable', `${path}: there is no such file`, { hint: 'Check the spelling of the path.' });
    const stem = path.replace(/\.test\.ya?ml$/, '');
    return [`${stem}.yaml`, `${stem}.yml`].filter((file) => existsSync(file) && !named.has(resolve(file)) && !named.has(dirname(resolve(file))));
  });
  return [...new Set(policies)];
}

function runTests(files: readonly RuleTestFile[], policy: Policy): readonly FailedRuleTest[] {
  const known = new Set(policy.rules.map(({ id }) => id));
  return files.flatMap(({ cases }) => cases.flatMap((test) => runCase(test, policy, known)));
}

function runCase(test: RuleTestCase, policy: Policy, known: ReadonlySet<string>): readonly FailedRuleTest[] {
  const { name, position, listener } = test;
  const differences = checkRuleCase(test, evaluateListener(listener, policy), known);
  if (differences.length === 0) return [];
  const { rules } = explainDecisions(listener, policy);
  const explained = differences.map((difference) => ({
    ...difference,
    decision: rules.find(({ rule }) => rule === difference.rule) ?? null,
    meant: difference.found === 'unknown-rule' ? nearestWord(difference.rule, known) : null,
  }));
  return [{ name, position, differences: explained }];
}
