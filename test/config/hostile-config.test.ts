import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configSchema } from '../../src/config/config-schema.ts';
import { describeConfig } from '../../src/config/describe-config.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { expectPlaces } from '../yaml/expect-places.ts';
import { isValid } from '../yaml/json-schema.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

const VALID = `version: 1
scan: { source: netlink, interval: 2s }
alerts:
  settle: &d { critical: 0s, error: 5s }
  reminder: never
policy: { rules: [/etc/portreeve/rules.d] }
registry: { url: 'https://mirror.example.org/x.csv' }
state: { maxSize: 10MB }
sinks:
  - { type: journal, name: j }
  - type: syslog
    name: central
    transport: tls
    host: logs.example.org
    tls: { caFile: /etc/ssl/ca.pem }
  - { type: exec, name: e, command: [/bin/page, "a b"] }
`;

const schema = configSchema();

/** A file is either read, as the schema has it, and can be shown; or has problems, each with a place inside the file. */
async function tryFile(text: string): Promise<void> {
  const { config, given, problems } = await parseConfig(text, 'x.yaml', []);
  expectPlaces(problems, text);
  expect(config === null).toBe(problems.some(({ level }) => level === 'error'));
  if (config === null) return;
  expect(isValid(parse(text, { version: '1.2', schema: 'core' }), schema)).toBe(true);
  expect(new Set(config.sinks.map(({ name }) => name)).size).toBe(config.sinks.length);
  for (const { key, value } of describeConfig(config, given)) expect([key, value]).toEqual([expect.any(String), expect.any(String)]);
  expect(config.scan.sweep).toBeGreaterThanOrEqual(config.scan.interval);
}

describe('parseConfig takes whatever comes', () => {
  it('a valid file', async () => {
    expect((await parseConfig(VALID, 'x.yaml', [])).problems).toEqual([]);
    await tryFile(VALID);
  });

  it('any text', async () => {
    await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), tryFile), options);
  });

  it('a valid file with parts cut out, doubled or overwritten', async () => {
    const edit = fc.record({ at: fc.nat(VALID.length), length: fc.nat(30), put: fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('', '\n', '\t', '  ', '- ', '*d', '&d ', '{', ']', '"', ': ', '\0', '0', 'auto')) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) =>
        tryFile(edits.reduce((text, { at, length, put }) => text.slice(0, at) + put + text.slice(at + length), VALID)),
      ),
      options,
    );
  });

  it('a tree of any keys and values', async () => {
    const word = fc.constantFrom('version', 'scan', 'alerts', 'settle', 'interval', 'error', 'sinks', 'type', 'name', 'transport', 'host', 'tls', 'caFile', 'command', 'kinds', 'rules', '__proto__', 'constructor', 'toString');
    const tree = fc.letrec<{ node: unknown }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom<unknown>(1, 'a', null, true, -1, 1e308, '/x', '5s', '1MiB', 'syslog', 'exec', 'tls', 'none', 'default'),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(word, tie('node'), { maxKeys: 6, noNullPrototype: false }),
      ),
    })).node;
    await fc.assert(fc.asyncProperty(tree, (node) => tryFile(JSON.stringify(node))), options);
    await fc.assert(fc.asyncProperty(fc.array(tree, { maxLength: 3 }), (sinks) => tryFile(JSON.stringify({ version: 1, sinks }))), options);
    expect(({} as Record<string, unknown>)['interval']).toBeUndefined();
  });

  it('values that would each take long to match', async () => {
    const started = performance.now();
    for (const part of ['a', '1', '/', '.', '-', ' ', 'a.', '1ms', '::', '%']) {
      const value = JSON.stringify(part.repeat(100_000));
      for (const line of [`scan: { interval: ${value} }`, `state: { maxSize: ${value}, dir: ${value} }`, `registry: { url: ${value} }`, `control: { group: ${value} }`, `sinks: [{ type: syslog, name: ${value}, transport: tcp, host: ${value} }]`, `sinks: [{ type: ${value} }]`]) {
        expect((await parseConfig(`version: 1\n${line}\n`, 'x.yaml', [])).config).toBeNull();
      }
    }
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
