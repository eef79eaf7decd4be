import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FIELDS } from '../../src/policy/fields.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { withMatch } from './bad-policies.ts';

const manual = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');
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
    const [file = '', match = ''] = [...manual.matchAll(/\n\n((?: {4}.*\n|\n(?= {4}))+)/g)].map(([, block = '']) => block.replace(/^ {4}/gm, ''));
    expect(file).toMatch(/^# yaml-language-server[\s\S]*\noverrides:/);
    expect(await problemsOf(file)).toEqual([]);
    const body = match.replace(/^match:\n/, '').replace(/^/gm, '    ');
    expect(await problemsOf(`version: 1\nrules:\n  - id: r\n    title: T\n    severity: info\n    match:\n${body}\n`)).toEqual([]);
  });
});
