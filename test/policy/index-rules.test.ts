import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROTOCOLS } from '../../src/model/socket.ts';
import { policyOf, sampleListener } from './sample-listener.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

async function idsFor(matches: readonly string[], protocol: (typeof PROTOCOLS)[number], port: number | null): Promise<readonly string[]> {
  const rules = matches.map((match, index) => `  - { id: r${index}, title: T, severity: info, match: ${match} }\n`);
  const policy = await policyOf(`version: 1\nrules:\n${rules.join('')}`);
  return policy.rulesFor(sampleListener({ protocol, port })).map(({ id }) => id);
}

describe('the rules in question for a port', () => {
  const matches = ['{ port: 22 }', '{ user: root }', '{ port: [20-25, 80], protocol: tcp }', '{ port: 0-65535, protocol: [udp, raw] }', '{ any: [{ port: 22 }, { port: 443 }] }', '{ not: { port: 22 } }', '{ any: [{ port: 22 }, { user: root }] }', '{ service: [SSH, telnet] }'];

  it.each([
    ['tcp', 22, ['r0', 'r1', 'r2', 'r4', 'r5', 'r6']],
    // What stands at the port is tried whatever its protocol.
    ['udp', 22, ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6']],
    ['tcp', 443, ['r1', 'r4', 'r5', 'r6']],
    ['tcp', 9, ['r1', 'r5', 'r6']],
    ['raw', null, ['r1', 'r3', 'r5', 'r6']],
  ] as const)('%s %s', async (protocol, port, ids) => {
    expect(await idsFor(matches, protocol, port)).toEqual(ids);
  });

  it('come with those of its service, by whichever of its names, once', async () => {
    const policy = await policyOf(`version: 1\nrules:\n${matches.map((match, index) => `  - { id: r${index}, title: T, severity: info, match: ${match} }\n`).join('')}`);
    const registry = { status: 'assigned', range: 'user', service: 'telnet', aliases: ['Ssh'], since: null, former: null } as const;
    expect(policy.rulesFor(sampleListener({ registry })).map(({ id }) => id)).toEqual(['r1', 'r5', 'r6', 'r7']);
  });

  it('hold every rule that is true, in the order of the policy', async () => {
    const port = fc.constantFrom('1', '2', '1-2', '0-900', '[1, 3]', '[2-3, 1000-2000]');
    const field = fc.oneof(
      port.map((value) => `port: ${value}`),
      fc.subarray([...PROTOCOLS], { minLength: 1 }).map((some) => `protocol: [${some.join(', ')}]`),
      fc.constantFrom('user: licd', 'user: root', 'scope: wildcard', 'service: [x, y]', 'service: X'),
    );
    const mapping = fc.uniqueArray(field, { minLength: 1, maxLength: 3, selector: (text) => text.slice(0, 4) }).map((fields) => `{ ${fields.join(', ')} }`);
    const nested = fc.tuple(fc.constantFrom('any', 'not'), fc.array(mapping, { minLength: 1, maxLength: 3 })).map(([kind, items]) => `{ ${kind}: [${items.join(', ')}] }`);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(mapping, nested), { minLength: 1, maxLength: 8 }), fc.constantFrom(...PROTOCOLS), fc.constantFrom(1, 2, 3, 500, 1500, 9000), async (some, protocol, number) => {
        const rules = some.map((match, index) => `  - { id: r${index}, title: T, severity: info, match: ${match} }\n`);
        const policy = await policyOf(`version: 1\nrules:\n${rules.join('')}`);
        const registry = protocol === 'raw' ? null : ({ status: 'assigned', range: 'user', service: 'y', aliases: ['x'], since: null, former: null } as const);
        const listener = sampleListener({ protocol, port: protocol === 'raw' ? null : number, registry });
        const isTrue = (rule: (typeof policy.rules)[number]): boolean => rule.match.matchesAny(listener) === 'true';
        expect(policy.rulesFor(listener).filter(isTrue)).toEqual(policy.rules.filter(isTrue));
      }),
      options,
    );
  });
});
