import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createProblemLog } from '../yaml/problem-log.ts';
import { policyError } from './policy-error.ts';
import { readPolicyText } from './policy-files.ts';
import { parseRuleTests, type RuleTestCase } from './rule-tests.ts';

const TEST_NAME = /\.test\.ya?ml$/;
const POLICY_SUFFIX = /\.ya?ml$/;

export interface RuleTestFile {
  readonly file: string;
  readonly cases: readonly RuleTestCase[];
}

/** Whether a path is that of a file of rule tests, by its name. */
export function isRuleTestName(path: string): boolean {
  return TEST_NAME.test(path);
}

/**
 * Reads the rule tests that lie beside policies. Each path is a folder (its `*.test.yaml` and `*.test.yml`, sorted by
 * name), a policy file (`NAME.test.yaml` beside `NAME.yaml`), or a file of tests itself. None at all is no error. `now`:
 * see `parseRuleTests`.
 * @throws PortreeveError `policy-invalid` or `policy-unreadable` with all problems of all files
 */
export async function loadRuleTests(paths: readonly string[], now: Date): Promise<readonly RuleTestFile[]> {
  const files = new Set((await Promise.all(paths.map(listTestFiles))).flat());
  const tests: RuleTestFile[] = [];
  const texts = new Map<string, string>();
  const problems = [];
  for (const file of files) {
    const log = createProblemLog(file, 'unreadable');
    const text = await readPolicyText(file, log);
    problems.push(...log.problems);
    if (text === null) continue;
    texts.set(file, text);
    const parsed = await parseRuleTests(text, file, now);
    problems.push(...parsed.problems);
    if (parsed.cases !== null) tests.push({ file, cases: parsed.cases });
  }
  if (!problems.some(({ level }) => level === 'error')) return tests;
  throw policyError(problems, texts, 'the rule tests have');
}

async function listTestFiles(path: string): Promise<readonly string[]> {
  if (isRuleTestName(path)) return [path];
  const kind = await stat(path).catch(() => null);
  if (kind?.isDirectory() === true) {
    // Who may not look into the folder was told so when its policies were read.
    const names = await readdir(path).catch(() => []);
    return names.filter((name) => isRuleTestName(name) && !name.startsWith('.')).sort().map((name) => join(path, name));
  }
  const stem = path.replace(POLICY_SUFFIX, '');
  const beside = [`${stem}.test.yaml`, `${stem}.test.yml`];
  const found = await Promise.all(beside.map(async (file) => (await stat(file).catch(() => null)) !== null));
  return beside.filter((_, index) => found[index]);
}
