import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { evaluateListener } from '../../src/findings/evaluate.ts';
import { isAboutExecutable } from '../../src/model/executable-rules.ts';
import { describeProblems } from '../../src/yaml/describe-problems.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { checkRuleCase, findUntestedRules, parseRuleTests, type RuleTestCase } from '../../src/policy/rule-tests.ts';

const folder = fileURLToPath(new URL('../../rules', import.meta.url));
const names = readdirSync(folder).sort();
const packs = names.filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));
const testFiles = names.filter((name) => name.endsWith('.test.yaml'));

// The packs are in force together, as they are on a host: ids that clash make this fail.
const policy = await loadPolicy([folder], { today: '2026-01-01' });
const known = new Set(policy.rules.map((rule) => rule.id));

async function readCases(name: string): Promise<readonly RuleTestCase[]> {
  const { cases, problems } = await parseRuleTests(readFileSync(join(folder, name), 'utf8'), name);
  expect(describeProblems(problems)).toBe('');
  return cases!;
}

describe('the shipped packs', () => {
  it('load without a warning', () => {
    expect(packs.length).toBeGreaterThan(0);
    expect(policy.files.map((file) => file.slice(folder.length + 1))).toEqual(packs);
    expect(policy.warnings).toEqual([]);
  });

  it('have tests beside each pack with rules', () => {
    const withRules = packs.filter((pack) => policy.rules.some((rule) => rule.position.file === join(folder, pack)));
    expect(testFiles).toEqual(expect.arrayContaining(withRules.map((pack) => pack.replace('.yaml', '.test.yaml'))));
  });

  it.each(testFiles)('%s: every case comes out as it says', async (name) => {
    const differences = (await readCases(name)).flatMap((test) => checkRuleCase(test, evaluateListener(test.listener, policy), known));
    expect(differences).toEqual([]);
  });

  it('have the rules for which no exception is offered', () => {
    const refused = policy.rules.map(({ id }) => id).filter(isAboutExecutable);
    expect(refused).toEqual(expect.arrayContaining(['exe-memfd', 'exe-temporary-exposed', 'exe-home-as-root', 'poses-as-kernel-thread']));
    // As many as the list has: one that was renamed would be offered again.
    expect(refused).toHaveLength(17);
  });

  it('have for each rule a case that it must match and one that it must not', async () => {
    const cases = (await Promise.all(testFiles.map(readCases))).flat();
    expect(findUntestedRules(policy.rules, cases)).toEqual([]);
  });
});
