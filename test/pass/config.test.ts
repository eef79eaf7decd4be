import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigCheck } from '../../src/model/config-check.ts';
import { checkConfig, openConfig } from '../../src/pass/config.ts';
import { configSchemaText } from '../../src/pass/config-schema.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o644);
  return file;
}

function check(path: string | null, underSystemd = false): Promise<ConfigCheck> {
  return checkConfig({ path, underSystemd, defaultPath: join(folder, 'none.yaml') }, { stateDir: folder, now: () => new Date('2026-05-01T12:00:00Z') });
}

const ONE_RULE = 'version: 1\nrules:\n  - { id: r, title: T, severity: notice, match: { port: 1 } }\n';

describe('openConfig', () => {
  it('sends to the journal under systemd where the file says nothing of sinks', async () => {
    const defaultPath = join(folder, 'none.yaml');
    expect((await openConfig({ path: null, underSystemd: true, defaultPath })).config.sinks.map(({ type }) => type)).toEqual(['journal']);
    expect((await openConfig({ path: null, underSystemd: false, defaultPath })).config.sinks).toEqual([]);
    expect((await openConfig({ path: put('x.yaml', 'version: 1\nsinks: []\n'), underSystemd: true })).config.sinks).toEqual([]);
  });
});

describe('checkConfig', () => {
  it('says what every key comes to, and which of them the file sets', async () => {
    const file = put('x.yaml', `version: 1
scan: { interval: 2000ms }
policy: { shipped: false, rules: [${put('rules.yaml', ONE_RULE)}] }
registry: { url: 'https://me:secret@mirror.example.org/x.csv' }
sinks:
  - { type: syslog, name: central, transport: tls, host: logs.example.org }
  - { type: exec, name: pager, command: [/bin/page, two words, "true"] }
`);
    const { schema, ok, values, policy, registry, problems, file: read } = await check(file);
    expect([schema, read, ok, problems]).toEqual(['portreeve/config-check/v1', file, true, []]);
    expect([policy?.files.length, policy?.rules, policy?.exceptions]).toEqual([1, 1, 0]);
    expect(registry).toEqual({ source: 'embedded', updated: expect.stringMatching(/^20[0-9]{2}-[0-9]{2}-[0-9]{2}$/) as string });
    const of = (key: string): unknown => values.find((value) => value.key === key);
    expect(of('scan.interval')).toEqual({ key: 'scan.interval', value: '2s', default: '1s', given: true });
    expect(of('scan.sweep')).toEqual({ key: 'scan.sweep', value: '1m', default: '1m', given: false });
    expect(of('registry.url')).toMatchObject({ value: 'https://mirror.example.org/x.csv', given: true });
    expect(of('sinks.central.type')).toEqual({ key: 'sinks.central.type', value: 'syslog', default: null, given: true });
    expect(of('sinks.central.port')).toEqual({ key: 'sinks.central.port', value: '6514', default: 'auto', given: false });
    expect(of('sinks.central.path')).toBeUndefined();
    expect(of('sinks.central.tls.caFile')).toMatchObject({ value: 'default' });
    expect(of('sinks.pager.command')).toMatchObject({ value: '[/bin/page, "two words", "true"]' });
    expect(JSON.stringify(values)).not.toContain('secret');
  });

  it('says so where there is no file, and nobody to tell', async () => {
    const { file, ok, values } = await check(null);
    expect([file, ok, values.filter(({ given }) => given)]).toEqual([null, true, []]);
    expect(values.at(-1)).toEqual({ key: 'sinks', value: '[]', default: null, given: false });
    expect((await check(null, true)).values.at(-1)?.key).toBe('sinks.journal.kinds');
  });

  it('has the line at fault, and goes no further', async () => {
    const file = put('x.yaml', 'version: 1\nscan: { interval: 2 }\npolicy: { rules: [/nonexistent] }\n');
    const { ok, values, policy, registry, problems } = await check(file);
    expect([ok, values, policy, registry]).toEqual([false, [], null, null]);
    expect(problems).toMatchObject([{ code: 'bad-value', position: { file, line: 2, column: 19 }, source: 'scan: { interval: 2 }' }]);
  });

  it('finds what is wrong with the policy and the registry that it leads to', async () => {
    const broken = put('rules.yaml', ONE_RULE.replace('severity', 'severty'));
    const { ok, problems } = await check(put('x.yaml', `version: 1\npolicy: { rules: [${broken}] }\nregistry: { file: ${join(folder, 'none.csv')} }\n`));
    expect(ok).toBe(false);
    expect(problems.map(({ position, code }) => [position.file, code])).toEqual([
      [broken, 'missing-key'],
      [broken, 'unknown-key'],
      [join(folder, 'none.csv'), 'registry-unreadable'],
    ]);
    expect(problems.at(-1)?.message).toBe('cannot be read (ENOENT)');
  });

  it('gives warnings, and is content', async () => {
    const file = put('x.yaml', 'version: 1\n');
    chmodSync(file, 0o666);
    expect(await check(file)).toMatchObject({ ok: true, problems: [{ level: 'warning', code: 'writable-by-others', source: null }] });
  });
});

describe('configSchemaText', () => {
  it('is JSON that names every section', () => {
    const schema = JSON.parse(configSchemaText()) as { properties: Record<string, unknown> };
    expect(Object.keys(schema.properties)).toEqual(['version', 'scan', 'alerts', 'policy', 'registry', 'state', 'control', 'metrics', 'log', 'sinks']);
  });
});
