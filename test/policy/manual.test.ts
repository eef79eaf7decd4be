import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FIELDS } from '../../src/policy/fields.ts';
import { evaluateListener } from '../../src/findings/evaluate.ts';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { lintPolicy } from '../../src/policy/lint-policy.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { checkRuleCase, findUntestedRules, parseRuleTests } from '../../src/policy/rule-tests.ts';
import { withMatch } from './bad-policies.ts';

const manual = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
const blocks = [...manual.matchAll(/\n\n((?: {4}.*\n|\n(?= {4}))+)/g)].map(([, block = '']) => block.replace(/^ {4}/gm, ''));
const NOW = new Date('2026-11-22T12:00:00Z');
const rows = [...manual.matchAll(/^\| `([A-Za-z]+)` \| `([^`]+)` \|/gm)].map(([, name = '', example = '']) => [name, example] as const);

async function problemsOf(text: string): Promise<readonly string[]> {
  return (await parsePolicyDocument(text, 'policy.md')).problems.map(({ message }) => message);
}

describe('docs/policy.md', () => {
  it('has an example for each field, and for nothing else', () => {
    expect(rows.map(([name]) => name).sort()).toEqual([...FIELDS.keys()].sort());
  });

  it.each(rows)('%s: %s', async (name, example) => {
    expect(example.startsWith(`${name}: `)).toBe(true);
    expect(await problemsOf(withMatch(`{ ${example} }`))).toEqual([]);
  });

  it('has a whole file that is a sound policy, and a match that is one', async () => {
    const [file = '', match = ''] = blocks;
    expect(file).toMatch(/^# yaml-language-server[\s\S]*\noverrides:/);
    expect(await problemsOf(file)).toEqual([]);
    const body = match.replace(/^match:\n/, '').replace(/^/gm, '    ');
    expect(await problemsOf(`version: 1\nrules:\n  - id: r\n    title: T\n    severity: info\n    match:\n${body}\n`)).toEqual([]);
  });

  describe('has a rule for each field', async () => {
    const { document } = await parsePolicyDocument(blocks.find((block) => block.startsWith('version: 1\nrules:\n  # ')) ?? '', 'policy.md');
    const policy = compilePolicy(document === null ? [] : [document], { today: '2026-11-22', now: () => NOW });
    const { cases } = await parseRuleTests(readFileSync(new URL('manual.test.yaml', import.meta.url), 'utf8'), 'manual.test.yaml', NOW);

    it('with a match that the check has nothing against', () => {
      expect([...policy.fields].sort()).toEqual([...FIELDS.keys()].sort());
      expect(lintPolicy(document === null ? [] : [document], { today: '2026-11-22', beside: [], unused: null, facts: { unknownHere: new Map(), serviceNames: null } })).toEqual([]);
    });

    it('that takes and leaves what its comment says', () => {
      const known = new Set(policy.rules.map(({ id }) => id));
      expect(cases?.flatMap((each) => checkRuleCase(each, evaluateListener(each.listener, policy), known).map(({ rule, found }) => `${each.name}: ${rule} ${found}`))).toEqual([]);
      expect(findUntestedRules(policy.rules, cases ?? []).map(({ rule, lacks }) => `${rule}: ${lacks.join()}`)).toEqual([]);
    });
  });
});
