import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import type { PolicyCheck } from '../../src/model/policy-check.ts';
import type { PolicyOverview } from '../../src/model/policy-overview.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import { portreeve } from './portreeve.ts';

const RULES = fileURLToPath(new URL('../../rules', import.meta.url));
const SHIPPED_SCHEMA = new URL('../../dist/policy.schema.json', import.meta.url);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-policy-cli-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const LOOSE = `version: 1
exceptions:
  - { id: loose, rules: [unassigned-exposed], match: { port: 8123 }, reason: Home automation }
`;

describe('policy check', () => {
  it('finds nothing in the shipped packs, also where they are named', async () => {
    for (const paths of [[RULES], [join(RULES, 'registry-status.yaml')]]) {
      const { code, stdout, stderr } = await portreeve(['policy', 'check', ...paths, '--strict']);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/: nothing to complain about\n$/);
    }
  });

  it('knows the shipped rules, unless told not to', async () => {
    const file = put('shipped.yaml', LOOSE.replace('port: 8123', 'port: 8123, exe: /opt/ha'));
    expect((await portreeve(['policy', 'check', file])).code).toBe(0);
    const { code, stdout } = await portreeve(['policy', 'check', file, '--no-shipped-rules', '--format', 'compact']);
    expect([code, stdout]).toEqual([2, `${file}:3:26: error: there is no rule "unassigned-exposed" [unknown-rule]\n`]);
  });

  it('passes with warnings alone, but not with --strict', async () => {
    const file = put('loose.yaml', LOOSE);
    const line = `${file}:3:11: warning: the exception "loose" approves a listener by its port alone: any process can hide behind it [exception-by-port]\n`;
    expect(await portreeve(['policy', 'check', file, '--format', 'compact'])).toEqual({ code: 0, stdout: line, stderr: '' });
    expect(await portreeve(['policy', 'check', file, '--format', 'compact', '--strict'])).toEqual({ code: 2, stdout: line, stderr: '' });
  });

  it('holds service names against the registry', async () => {
    const file = put('names.yaml', 'version: 1\nrules:\n  - { id: named, title: T, severity: info, match: { port: [ssh, postgres] } }\n');
    const { code, stdout } = await portreeve(['policy', 'check', file]);
    expect(code).toBe(0);
    expect(stdout).toContain('the rule "named" asks for the service "postgres", and no port is registered under that name [unknown-service]');
    expect(stdout).toContain('Did you mean postgresql?');
  });

  it('fails for a reason still to be written, and tells all as JSON', async () => {
    const file = put('todo.yaml', LOOSE.replace('Home automation', 'TODO'));
    const { code, stdout } = await portreeve(['policy', 'check', file, '--format', 'json']);
    const check = JSON.parse(stdout) as PolicyCheck;
    expect(code).toBe(2);
    expect(check.files).toEqual([file]);
    expect(check.problems.map((problem) => [problem.level, problem.code])).toEqual([['error', 'exception-todo'], ['warning', 'exception-by-port']]);
  });
});

describe('policy check, with what a daemon counted', () => {
  const held = LOOSE.replace('port: 8123', 'port: 8123, exe: /opt/ha');

  /** A state directory as a daemon leaves it that watched the exception `loose` from one day to another. */
  function leaveState(name: string, since: string, until: string, seal = (line: string) => `sha256:${createHash('sha256').update(line).digest('hex')}`): string {
    const line = JSON.stringify({ schema: 'portreeve/state/v1', savedAt: `${until}T12:00:00.000Z`, exceptions: { watchedSince: { loose: since }, lastUsed: {} } });
    mkdirSync(join(folder, name));
    put(join(name, 'state.json'), `${line}\n${seal(line)}\n`);
    return join(folder, name);
  }

  it('tells which exceptions went unused, after as many days as the configuration says', async () => {
    const file = put('held.yaml', held);
    const stateDir = leaveState('watched', '2026-01-01', '2026-02-15');
    const config = put('portreeve.yaml', `version: 1\npolicy: { unusedAfter: 30d, rules: [${file}] }\nstate: { dir: ${stateDir} }\n`);
    const line = `${file}:3:11: warning: the exception "loose" has silenced nothing in the 45 days since 2026-01-01 [exception-unused]\n`;
    expect(await portreeve(['policy', 'check', '--config', config, '--format', 'compact'])).toEqual({ code: 0, stdout: line, stderr: '' });
    expect(await portreeve(['policy', 'check', file, '--state-dir', stateDir, '--format', 'compact'])).toEqual({ code: 0, stdout: '', stderr: '' });
    const { stdout } = await portreeve(['policy', 'check', file, '--state-dir', stateDir, '--format', 'json']);
    expect((JSON.parse(stdout) as PolicyCheck).usageUntil).toBe('2026-02-15');
  });

  it('takes nothing from a state that is torn, and leaves it where it is', async () => {
    const file = put('held.yaml', held);
    const stateDir = leaveState('torn', '2020-01-01', '2026-02-15', () => 'sha256:0');
    const { code, stdout } = await portreeve(['policy', 'check', file, '--state-dir', stateDir, '--format', 'json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ usageUntil: null, problems: [] });
    expect(readdirSync(stateDir)).toEqual(['state.json']);
  });
});

describe('--config', () => {
  it('says for check, show and test which policy is meant, where the command line does not', async () => {
    const file = put('alone.yaml', 'version: 1\nrules:\n  - { id: mine, title: T, severity: info, match: { port: 1 } }\n');
    put('alone.test.yaml', 'version: 1\ncases:\n  - { name: one, listener: { protocol: tcp, address: 127.0.0.1, port: 1, ownerKind: kernel }, expect: { mine: found } }\n');
    const config = put('alone-config.yaml', `version: 1\npolicy: { shipped: false, rules: [${file}] }\n`);
    expect((await portreeve(['policy', 'check', '--config', config])).stdout).toBe('1 file with 1 rule, 0 exceptions, 0 overrides: nothing to complain about\n');
    const shown = JSON.parse((await portreeve(['policy', 'show', '--config', config, '--format', 'json'])).stdout) as PolicyOverview;
    expect(shown.rules.map(({ id }) => id)).toEqual(['mine']);
    const named = JSON.parse((await portreeve(['policy', 'show', '--config', config, '--rules', put('other.yaml', 'version: 1\n'), '--format', 'json'])).stdout) as PolicyOverview;
    expect(named.rules).toEqual([]);
    const tested = await portreeve(['policy', 'test', '--config', config, '--format', 'json']);
    expect(tested).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(tested.stdout)).toMatchObject({ rules: 1, cases: 1, failed: [] });
  });

  it('is refused where it is none', async () => {
    const { code, stderr } = await portreeve(['policy', 'check', '--config', put('bad-config.yaml', 'version: 1\npolicy: { rule: [] }\n')]);
    expect(code).toBe(2);
    expect(stderr).toContain('bad-config.yaml:2:11:');
  });
});

describe('an override in a local file', () => {
  const text = `version: 1
overrides:
  - { rule: unassigned-exposed, severity: info, reason: A lab }
  - { rule: exe-hidden, enabled: false, reason: Nix }
`;

  it('is in force, and shown with its place and reason', async () => {
    const file = put('local.yaml', text);
    const { code, stdout } = await portreeve(['policy', 'show', '--rules', file, '--format', 'json']);
    expect(code).toBe(0);
    const overview = JSON.parse(stdout) as PolicyOverview;
    expect(overview.files.map(({ origin }) => origin)).toEqual(['shipped', 'shipped', 'shipped', 'shipped', 'shipped', 'local']);
    const changed = overview.rules.filter(({ override }) => override !== null);
    expect(changed).toMatchObject([
      { id: 'unassigned-exposed', severity: 'info', enabled: true, declared: { severity: 'warning', enabled: true }, override: { reason: 'A lab', position: { file, line: 3, column: 13 } } },
      { id: 'exe-hidden', severity: 'warning', enabled: false, override: { enabled: false, severity: null, reason: 'Nix', position: { file, line: 4 } } },
    ]);
    const shown = await portreeve(['policy', 'show', '--rules', file]);
    expect(shown.stdout).toContain(`unassigned-exposed: warning -> info  ${file}:3\n`);
  });

  it('counts in an audit', async () => {
    const rules = async (...paths: string[]): Promise<number> => {
      const { stdout } = await portreeve(['audit', '--now', '--format', 'json', '--rules', ...paths]);
      return (JSON.parse(stdout) as AuditReport).policy.rules;
    };
    const none = put('none.yaml', 'version: 1\n');
    expect(await rules(put('local.yaml', text))).toBe((await rules(none)) - 1);
  });

  it('is refused for a rule that does not exist, with what was meant', async () => {
    const file = put('typo.yaml', text.replace('exe-hidden', 'exe-hiden'));
    const { code, stderr } = await portreeve(['policy', 'show', '--rules', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:4:13: there is no rule "exe-hiden"`);
    expect(stderr).toContain('Did you mean "exe-hidden"?');
  });
});

describe('an exception about to expire', () => {
  it('is a notice on standard error and in the JSON of an audit', async () => {
    const soon = new Date(Date.now() + 5 * 86_400_000).toISOString().slice(0, 10);
    const file = put('soon.yaml', LOOSE.replace('Home automation }', `Home automation, expires: ${soon} }`));
    const { stdout, stderr } = await portreeve(['audit', '--now', '--format', 'json', '--rules', file], { TZ: 'UTC' });
    expect(stderr).toContain(`notice: the exception "loose" expires in 5 days, at the end of ${soon}`);
    expect((JSON.parse(stdout) as AuditReport).policy.warnings).toEqual([expect.stringContaining(`the exception "loose" expires in 5 days, at the end of ${soon}`)]);
  });
});

describe('policy schema', () => {
  it('prints what the package ships', async () => {
    const { code, stdout } = await portreeve(['policy', 'schema']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(policySchema())));
    expect(readFileSync(SHIPPED_SCHEMA, 'utf8')).toBe(stdout);
  });
});

describe('a folder that is not there', () => {
  it('fails with 2 and its name', async () => {
    mkdirSync(join(folder, 'empty'));
    const { code, stdout } = await portreeve(['policy', 'check', join(folder, 'gone'), join(folder, 'empty'), '--format', 'compact']);
    expect([code, stdout]).toEqual([2, `${join(folder, 'gone')}:1:1: error: there is no such file or folder [unreadable]\n${join(folder, 'empty')}:1:1: error: this folder holds no policy file (*.yaml, *.yml) [unreadable]\n`]);
  });
});
