import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RegisteredListener } from '../../src/model/audit.ts';
import { compileMatch } from '../../src/policy/compile-match.ts';
import { covers, matchKey } from '../../src/policy/compare-matches.ts';
import type { ConditionDocument } from '../../src/policy/document.ts';
import { findContradiction } from '../../src/policy/find-contradiction.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';
import { withMatch } from './bad-policies.ts';
import { ownerless, sampleListener, sampleOwner } from './sample-listener.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

async function matchOf(text: string): Promise<ConditionDocument> {
  const { document, problems } = await parsePolicyDocument(withMatch(text), 'x.yaml');
  expect(problems).toEqual([]);
  return document!.rules[0]!.match;
}

describe('a match that can never be true', () => {
  it.each([
    ['{ port: 8080, range: system }', 'port 8080 lies outside of range system'],
    ['{ range: [system, dynamic], port: [2000, 3000-4000] }', 'port 2000, 3000-4000 lies outside of range system, dynamic'],
    ['{ status: dynamic, port: 80 }', 'only ports from 49152 on are dynamic'],
    ['{ status: dynamic, range: user }', 'only ports from 49152 on are dynamic'],
    ['{ status: [assigned, reserved], port: 50000-60000 }', 'ports from 49152 on are always dynamic, never assigned, reserved'],
    ['{ status: unassigned, range: dynamic }', 'ports from 49152 on are always dynamic, never unassigned'],
    ['{ status: unassigned, service: http }', 'a port that is unassigned has no service'],
    ['{ protocol: raw, port: 1 }', 'a raw socket has no port, and so no port'],
    ['{ protocol: raw, status: unassigned }', 'a raw socket has no port, and so no status'],
    ['{ ownerKind: unknown, ownerReason: kernel }', 'ownerReason kernel does not go with ownerKind unknown'],
    ['{ ownerKind: [kernel, unknown], exe: /x }', 'without a process (ownerKind kernel, unknown) there is no exe'],
    ['{ exeDeleted: false, exeReplaced: true }', 'what was replaced is deleted too'],
    ['{ scope: loopback, address: [10.0.0.1, 10.0.0.2] }', 'the scope of 10.0.0.1, 10.0.0.2 is private, not loopback'],
    ['{ dualStack: true, scope: loopback }', 'only a wildcard listener can be dual-stack'],
    ['{ dualStack: true, address: 0.0.0.0 }', 'only the address :: can be dual-stack'],
    ['{ port: 80, not: { port: 1-100 } }', 'its not excludes all that the other fields leave'],
    ['{ exe: /opt/a/b, user: x, not: [{ port: 1 }, { exe: /opt/**, user: [x, y] }] }', 'its not excludes all that the other fields leave'],
    ['{ port: 80, any: [{ range: user }, { port: 81 }] }', 'port 80 lies outside of range user'],
    ['{ any: [{ protocol: tcp }], protocol: udp }', 'protocol cannot be both udp and tcp'],
  ])('%s', async (text, why) => {
    expect(findContradiction(await matchOf(text))?.why).toBe(why);
  });

  it.each([
    '{ port: [80, 8080], range: system }',
    '{ status: [dynamic, unassigned], range: user }',
    '{ protocol: [raw, tcp], port: 1 }',
    '{ ownerKind: [process, unknown], exe: /x }',
    '{ ownerKind: unknown, ownerReason: [kernel, no-holder] }',
    '{ ownerKind: kernel, user: root }',
    '{ ownerKind: process, ownerReason: no-holder, exe: /x }',
    '{ scope: loopback, address: [10.0.0.1, 127.0.0.1] }',
    '{ scope: loopback, address: 127.0.0.0/8 }',
    '{ exe: /opt/**, not: { exe: /opt/a } }',
    '{ port: 80, not: { port: 80, user: root } }',
    '{ port: 80, any: [{ range: user }, { scope: wildcard }] }',
    '{ exe: /opt/*, any: [{ exe: /opt/a }] }',
  ])('but not %s', async (text) => {
    expect(findContradiction(await matchOf(text))).toBeNull();
  });

  it('has its place told', async () => {
    expect(findContradiction(await matchOf('{ range: system, port: 8080 }'))?.at).toEqual([6, 29]);
  });
});

/** Matches of a few fields with few values, so that they often say something of each other. */
const field: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.constantFrom('1302', '[1300-1310]', '80', '[80, 50000-50100]', '1-65535').map((value) => ['port', value] as const),
  fc.constantFrom('system', 'user', '[user, dynamic]').map((value) => ['range', value] as const),
  fc.constantFrom('de-assigned', 'dynamic', '[unassigned, dynamic]').map((value) => ['status', value] as const),
  fc.constantFrom('tcp', 'raw', '[tcp, udp]').map((value) => ['protocol', value] as const),
  fc.constantFrom('/opt/licd/bin/licd', '/opt/**', '"**/licd"', '[/usr/**, /opt/licd/bin/*]').map((value) => ['exe', value] as const),
  fc.constantFrom('process', 'kernel', '[unknown, process]').map((value) => ['ownerKind', value] as const),
  fc.constantFrom('no-privilege', '[kernel, no-holder]').map((value) => ['ownerReason', value] as const),
  fc.constantFrom('wildcard', 'loopback', '[private, wildcard]').map((value) => ['scope', value] as const),
  fc.constantFrom('0.0.0.0', '10.0.0.1', '[10.0.0.0/8, "::"]').map((value) => ['address', value] as const),
  fc.constantFrom('licd', '[root, licd]').map((value) => ['user', value] as const),
  fc.constantFrom('true', 'false', 'web', '[w*, false]').map((value) => ['container', value] as const),
  fc.constantFrom('none', 'licd', '[l*, none]').map((value) => ['exePackage', value] as const),
  fc.tuple(fc.constantFrom('exeDeleted', 'exeReplaced', 'dualStack'), fc.constantFrom('true', 'false')),
);
const mapping = fc.uniqueArray(field, { minLength: 1, maxLength: 3, selector: ([name]) => name }).map((fields) => `{ ${fields.map(([name, value]) => `${name}: ${value}`).join(', ')} }`);
const match = fc.oneof(
  mapping,
  fc.tuple(mapping, fc.constantFrom('any', 'not'), fc.array(mapping, { minLength: 1, maxLength: 2 })).map(([outer, kind, inner]) => `${outer.slice(0, -2)}, ${kind}: [${inner.join(', ')}] }`),
);
const registryOf = (port: number): RegisteredListener['registry'] => ({ status: port >= 49152 ? 'dynamic' : port === 80 ? 'assigned' : 'de-assigned', range: port < 1024 ? 'system' : port < 49152 ? 'user' : 'dynamic', service: port === 80 ? 'http' : null, aliases: [], since: null, former: null });
const bind = fc.constantFrom(['0.0.0.0', 'wildcard', false] as const, ['::', 'wildcard', true] as const, ['::', 'wildcard', false] as const, ['10.0.0.1', 'private', false] as const, ['127.0.0.1', 'loopback', false] as const);
const owner = fc.record({ exe: fc.constantFrom('/opt/licd/bin/licd', '/usr/sbin/x', null), user: fc.constantFrom('licd', 'root', null), container: fc.constantFrom(null, 'web', 'db'), state: fc.constantFrom([false, false], [true, false], [true, true], [null, null]), exePackage: fc.constantFrom('licd', null) });
const listener: fc.Arbitrary<RegisteredListener> = fc
  .tuple(fc.constantFrom(1302, 80, 50001, 1), bind, fc.constantFrom('tcp', 'udp', 'raw'), fc.option(owner), fc.constantFrom('no-privilege', 'kernel', 'no-holder'))
  .map(([port, [address, scope, dualStack], protocol, held, code]) => {
    const place = { port: protocol === 'raw' ? null : port, registry: protocol === 'raw' ? null : registryOf(port), address, scope, dualStack, protocol } as const;
    if (held === null) return ownerless({ ...place, ownerKind: code === 'kernel' ? 'kernel' : 'unknown', ownerNote: { code, detail: '' } });
    const { state, ...facts } = held;
    return sampleListener({ ...place, owners: [sampleOwner({ ...facts, exeDeleted: state[0] ?? null, exeReplaced: state[1] ?? null })] });
  });

describe('what is said of matches without a listener in sight', () => {
  it('holds for every listener: what never matches never does', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(match, fc.array(listener, { minLength: 20, maxLength: 40 }), async (text, listeners) => {
        const document = await matchOf(text);
        if (findContradiction(document) === null) return;
        told++;
        const matcher = compileMatch(document, 'x.yaml');
        for (const each of listeners) expect(matcher.matchesAny(each)).not.toBe('true');
      }),
      options,
    );
    expect(told).toBeGreaterThan(options.numRuns / 20);
  });

  it('holds for every listener: who fulfils the narrow match fulfils what covers it', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(match, match, fc.array(listener, { minLength: 20, maxLength: 40 }), async (one, other, listeners) => {
        const [wide, narrow] = [await matchOf(one), await matchOf(other)];
        const sames = matchKey(wide) === matchKey(narrow);
        if (!covers(wide, narrow)) {
          expect(sames).toBe(false);
          return;
        }
        told++;
        const [isWide, isNarrow] = [compileMatch(wide, 'x.yaml'), compileMatch(narrow, 'x.yaml')];
        for (const each of listeners) if (isNarrow.matchesAll(each) === 'true') expect(isWide.matchesAll(each)).toBe('true');
      }),
      { ...options, numRuns: options.numRuns * 4 },
    );
    expect(told).toBeGreaterThan(0);
  });
});
