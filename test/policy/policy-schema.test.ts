import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { policySchema } from '../../src/policy/policy-schema.ts';
import { FIELDS } from '../../src/policy/fields.ts';
import { BAD_POLICIES, withException, withId, withMatch, withOverride, withPort, withRule } from './bad-policies.ts';
import { isValid } from '../yaml/json-schema.ts';

const schema = policySchema();

/** As an editor sees the file: data, without the spelling. Null where it is no YAML. */
function dataOf(text: string): unknown {
  return parse(text, { version: '1.2', schema: 'core', uniqueKeys: false });
}

/** Bad files that a schema cannot tell, each with why. Everything else that is refused, the schema refuses too. */
const BEYOND_A_SCHEMA: ReadonlyMap<string, string> = new Map([
  ...['version: 1.0\n', withPort('0177'), withPort('0o177'), withPort('0x16'), withPort('1e3'), withPort('22.0'), withPort('+22')].map((text) => [text, 'spelled in a way that other readers misread; the value is fine'] as const),
  [withException('    rules: [r]\n    reason: R\n    expires: 2027-02-29\n'), 'a day that the calendar does not have'],
  [withPort('8100-8000'), 'a range the wrong way round'],
  [withPort('8000-70000'), 'a number inside a text'],
  [withMatch('{ address: 10.1.2.3/8 }'), 'bits beyond the length of the network'],
  ...['{ exe: "/a[b" }', '{ exePackage: "a{b" }'].map((match) => [withMatch(match), 'a pattern has a grammar of its own'] as const),
]);

describe('the schema of a policy', () => {
  const folder = new URL('../../rules/', import.meta.url);
  const packs = readdirSync(folder).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));

  it.each(packs)('takes the shipped pack %s', (name) => {
    expect(isValid(dataOf(readFileSync(new URL(name, folder), 'utf8')), schema)).toBe(true);
  });

  it.each([
    'version: 1\n',
    withMatch('{ port: [22, 8000-8100], exe: ["/opt/**", "**/x", "{/a,/b}"], container: [true, web], not: { any: [{ age: under 10m }] } }'),
    withMatch('{ address: ["::1", "fd00::/8", 10.0.0.0/8, "::ffff:10.0.0.1"], exePackage: none, peers: true, uid: 0 }'),
    withRule('    title: T\n    severity: info\n    advice: |\n      One.\n      Two.\n    attack: [T1571.001]\n    references: [RFC 6335]\n'),
    withRule('    title: |\n      T\n    severity: info\n'),
    withException('    rules: [r]\n    reason: Ä reason\n    owner: team\n    expires: 2028-02-29\n'),
    withOverride('{ rule: r, severity: info, enabled: true, reason: R }'),
    withOverride('{ rule: r, enabled: false, reason: R }'),
    withId('a-1'),
  ])('takes %s', (text) => {
    expect(isValid(dataOf(text), schema)).toBe(true);
  });

  it.each(BAD_POLICIES.filter(([text]) => !BEYOND_A_SCHEMA.has(text)))('refuses %s', (text) => {
    expect(isValid(dataOf(text), schema)).toBe(false);
  });

  it.each([...BEYOND_A_SCHEMA])('cannot refuse %s', (text, why) => {
    expect(BAD_POLICIES.map(([bad]) => bad)).toContain(text);
    expect([why, isValid(dataOf(text), schema)]).toEqual([why, true]);
  });

  it('describes every key and field', () => {
    const definitions = schema['definitions'] as Record<string, { properties: Record<string, { description?: string }> }>;
    const all = [schema as (typeof definitions)[string], ...Object.values(definitions)].flatMap(({ properties }) => Object.entries(properties));
    expect(all.filter(([, { description }]) => description === undefined || description.length < 10)).toEqual([]);
    expect(Object.keys(definitions['match']?.properties ?? {})).toEqual([...FIELDS.keys(), 'any', 'not']);
  });
});
