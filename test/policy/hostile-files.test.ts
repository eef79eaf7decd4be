import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compilePolicy } from '../../src/policy/compile-policy.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { parseRuleTests } from '../../src/policy/rule-tests.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import { expectPlaces } from '../yaml/expect-places.ts';
import { isValid } from '../yaml/json-schema.ts';
import { ownerless, sampleListener } from './sample-listener.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

const VALID = `version: 1
rules:
  - id: de-assigned-exposed
    title: Listener on a de-assigned port
    match: &m { status: de-assigned, scope: [wildcard, public], port: [1302, 2000-2010], exe: ['/opt/**', "**/{a,b}"] }
    severity: error
    advice: >-
      Find the owner
      first.
    references: [RFC 6335]
    attack: [T1571]
exceptions:
  - id: licence-server
    rules: [de-assigned-exposed]
    match: { any: [*m, { not: { address: 10.0.0.0/8 } }], container: false }
    reason: Vendor port
    expires: 2027-06-30
`;

const schema = policySchema();

/** A file is either read, as the schema has it, and then compiles and judges, or has problems, each with a place inside the file. */
async function tryFile(text: string): Promise<void> {
  const { document, problems } = await parsePolicyDocument(text, 'x.yaml');
  expectPlaces(problems, text);
  if (document === null) {
    expect(problems.some((problem) => problem.level === 'error')).toBe(true);
    return;
  }
  expect(isValid(parse(text, { version: '1.2', schema: 'core' }), schema)).toBe(true);
  const ids = new Set(document.rules.map((rule) => rule.id));
  const named = document.exceptions.flatMap((exception) => exception.rules.map((rule) => rule.id));
  if (ids.size < document.rules.length || named.some((id) => !ids.has(id))) return;
  const policy = compilePolicy([JSON.parse(JSON.stringify(document)) as typeof document], { today: '2026-01-01' });
  for (const { match } of [...policy.rules, ...policy.exceptions]) {
    for (const listener of [sampleListener(), ownerless({ registry: null, ephemeral: null })]) {
      expect(['true', 'false', 'unknown']).toContain(match.matchesAny(listener));
      expect(match.explain(listener).truth).toBe(match.matchesAny(listener));
    }
  }
}

describe('parsePolicyDocument takes whatever comes', () => {
  it('a valid file', async () => {
    const { document, problems } = await parsePolicyDocument(VALID, 'x.yaml');
    expect(problems).toEqual([]);
    expect(document?.rules).toHaveLength(1);
    await tryFile(VALID);
  });

  it('any text', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), tryFile), options);
  });

  it('text made of what YAML is made of', async () => {
    const piece = fc.constantFrom('version: 1\n', 'rules:', 'match', 'id', '- ', '? ', ': ', '\n', '  ', '\t', '{', '}', '[', ']', ',', '&a ', '*a', '!!str ', '!x ', '<<', '|\n', '>-\n', '"', "'", '#', '---\n', '...\n', '%YAML 1.1\n', '1', '0177', '~', 'true', '\r\n', '\ufeff', '\\', '@', '`');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), (pieces) => tryFile(pieces.join(''))),
      options,
    );
  });

  it('a valid file with parts cut out, doubled or overwritten', async () => {
    const edit = fc.record({ at: fc.nat(VALID.length), length: fc.nat(30), put: fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('', '\n', '\t', '  ', '- ', '*m', '&m ', '{', ']', '"', ': ', '\0')) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) =>
        tryFile(edits.reduce((text, { at, length, put }) => text.slice(0, at) + put + text.slice(at + length), VALID)),
      ),
      options,
    );
  });

  it('a tree of any keys and values, as a policy or as tests', async () => {
    const word = fc.constantFrom('version', 'rules', 'exceptions', 'cases', 'id', 'title', 'match', 'severity', 'not', 'any', 'port', 'exe', 'listener', 'owners', 'expect', '__proto__', 'constructor', 'toString');
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>(1, 'a', null, true, -1, 1e308, '/x', '1-2', 'none'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(word, tie('node'), { maxKeys: 6, noNullPrototype: false }),
      ),
    })).node;
    await fc.assert(
      fc.asyncProperty(tree, async (node) => {
        const text = JSON.stringify(node);
        await tryFile(text);
        const { cases, problems } = await parseRuleTests(text, 'x.test.yaml');
        expect(cases === null).toBe(problems.length > 0);
      }),
      options,
    );
  });
});
