import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import type { AuditComparison } from '../../src/model/audit-change.ts';
import type { RuleTestReport } from '../../src/model/rule-test.ts';
import { portreeve } from './portreeve.ts';

let folder: string;
let server: Server;
let port: number;
const at = (name: string): string => join(folder, name);

async function listen(): Promise<Server> {
  const opened = createServer();
  await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
  return opened;
}
const portOf = (opened: Server): number => (opened.address() as AddressInfo).port;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-baseline-cli-'));
  server = await listen();
  port = portOf(server);
  writeFileSync(at('rules.yaml'), `version: 1\nrules:\n  - { id: test-port, title: The port of this test, severity: error, match: { port: ${port}, scope: loopback } }\n`);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const alone = (...more: readonly string[]): readonly string[] => ['--no-shipped-rules', '--rules', at('rules.yaml'), ...more];
const create = (...args: readonly string[]) => portreeve(['baseline', 'create', ...alone(), ...args]);

describe('baseline create', () => {
  it('writes a policy that silences what was found, for its owner alone to read', async () => {
    const { code, stdout, stderr } = await create('--output', at('baseline.yaml'), '--expires', '90d');
    expect([code, stdout], stderr).toEqual([0, '']);
    expect(stderr).toContain(`portreeve: 1 exception proposed, written to ${at('baseline.yaml')}`);
    expect(statSync(at('baseline.yaml')).mode & 0o777).toBe(0o600);
    const text = readFileSync(at('baseline.yaml'), 'utf8');
    expect(text).toContain(`  #   error: The port of this test (test-port)\n  - id: allow-${port}-tcp-`);
    expect(text).toMatch(/\n {4}reason: TODO\n {4}expires: \d{4}-\d\d-\d\d\n/);
    const audit = await portreeve(['audit', '--now', '--format', 'json', ...alone(at('baseline.yaml'))]);
    const { listeners } = JSON.parse(audit.stdout) as AuditReport;
    expect(listeners.flatMap(({ findings }) => findings.map(({ rule, excepted }) => [rule, excepted?.reason]))).toEqual([['test-port', 'TODO']]);
  });

  it('overwrites nothing unless told to', async () => {
    writeFileSync(at('old.yaml'), 'mine');
    const refused = await create('--output', at('old.yaml'));
    expect([refused.code, readFileSync(at('old.yaml'), 'utf8')]).toEqual([2, 'mine']);
    expect(refused.stderr).toContain('add --force to replace it');
    expect((await create('--output', at('old.yaml'), '--force')).code).toBe(0);
    expect(readFileSync(at('old.yaml'), 'utf8')).toContain('reason: TODO');
  });

  it('prints it where no file is named, and says where nothing had to be proposed', async () => {
    expect((await create('--output', '-')).stdout).toContain('reason: TODO');
    const { stdout } = await create();
    expect(stdout).toContain(`port: ${port}\n`);
    const { code, stdout: none, stderr } = await create('--min-severity', 'critical');
    expect(code).toBe(0);
    expect(none).toContain('version: 1\nexceptions: []\n');
    expect(stderr).toContain('0 exceptions proposed');
  });

  it.each([['--expires', 'soon'], ['--min-severity', 'high'], ['--output', '/nowhere/x.yaml']])('refuses %s %s', async (...args) => {
    expect((await create(...args)).code).toBe(2);
  });
});

describe('baseline diff', () => {
  const diff = (...args: readonly string[]) => portreeve(['baseline', 'diff', ...args, ...alone()]);

  it('says what came since, and exits with 1 for it', async () => {
    const { stdout } = await portreeve(['audit', '--now', '--format', 'json', ...alone()]);
    writeFileSync(at('saved.json'), stdout);
    const newcomer = await listen();
    try {
      const { code, stdout: json } = await diff(at('saved.json'), '--format', 'json');
      const { changes } = JSON.parse(json) as AuditComparison;
      expect(changes.filter(({ after }) => after?.port === portOf(newcomer)).map(({ kind, counts }) => [kind, counts])).toEqual([['appeared', true]]);
      expect(code).toBe(1);
      expect((await diff(at('saved.json'))).stdout).toContain(`APPEARED`);
    } finally {
      newcomer.close();
    }
  });

  it('compares two files, and finds a file unchanged against itself', async () => {
    const { code, stdout } = await diff(at('saved.json'), at('saved.json'));
    const complete = (JSON.parse(readFileSync(at('saved.json'), 'utf8')) as AuditReport).coverage.complete;
    expect(code).toBe(complete ? 0 : 3);
    expect(stdout).toContain('nothing changed');
  });

  it.each<[string, string, string]>([
    ['not JSON', 'listeners:', 'this is not JSON'],
    ['another schema', '{"schema": "osquery"}', 'the schema is "osquery"'],
    ['empty', '', 'the file is empty'],
    ['a list too deep', `{"schema":"portreeve/audit/v1","listeners":${'['.repeat(100_000)}`, 'this is not JSON'],
  ])('refuses a file that is %s', async (_what, text, said) => {
    writeFileSync(at('bad.json'), text);
    const { code, stdout, stderr } = await diff(at('bad.json'));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
    expect(stderr).toContain('portreeve audit --now --format json > FILE');
  });

  it('refuses what is not UTF-8', async () => {
    writeFileSync(at('bad.json'), Buffer.from([0x7b, 0xff, 0x7d]));
    const { code, stderr } = await diff(at('bad.json'));
    expect([code, stderr.split('\n')[0]]).toEqual([2, `portreeve: ${at('bad.json')}: this is not UTF-8 text`]);
  });

  it('refuses what is no file of a sensible size, at once', async () => {
    writeFileSync(at('huge.json'), '');
    truncateSync(at('huge.json'), 100 * 1024 * 1024);
    for (const [file, said] of [[at('huge.json'), 'the file is larger than 32 MiB'], [folder, 'this is a folder'], ['/dev/zero', 'this is not a regular file'], [at('none'), 'there is no such file']] as const) {
      const { code, stderr } = await diff(file);
      expect([code, stderr.split('\n')[0]]).toEqual([2, `portreeve: ${file}: ${said}`]);
    }
  });
});

describe('audit --now --verbose', () => {
  it('has every rule as it was tried, only when asked', async () => {
    const own = (stdout: string) => (JSON.parse(stdout) as AuditReport).listeners.find((listener) => listener.port === port);
    const verbose = await portreeve(['audit', '--now', '--verbose', '--format', 'json', ...alone()]);
    expect(own(verbose.stdout)?.trials).toEqual([{ rule: 'test-port', severity: 'error', truth: 'true', condition: null, position: null, exceptions: [] }]);
    expect(own((await portreeve(['audit', '--now', '--format', 'json', ...alone()])).stdout)).not.toHaveProperty('trials');
    expect((await portreeve(['audit', '--now', '--verbose', ...alone()])).stdout).toContain('test-port: matches, error');
    expect((await portreeve(['audit', '--now', '--verbose', '--format', 'csv', ...alone()])).code).toBe(2);
  });
});

describe('policy test', () => {
  it('passes for the shipped packs, each rule covered', async () => {
    const { code, stdout } = await portreeve(['policy', 'test', '--coverage', '--format', 'json']);
    expect((JSON.parse(stdout) as RuleTestReport).untested).toEqual([]);
    expect(code).toBe(0);
  });

  it('exits with 1 for a case that fails or a rule without its cases, with 2 for a bad file', async () => {
    const owner = 'owners: [{ exe: /bin/x, user: x }]';
    const tests = (expectation: string) => `version: 1\ncases:\n  - name: N\n    listener: { protocol: tcp, address: 127.0.0.1, port: ${port}, ${owner} }\n    expect: { test-port: ${expectation} }\n`;
    const run = (...args: readonly string[]) => portreeve(['policy', 'test', at('rules.yaml'), '--no-shipped-rules', ...args]);
    writeFileSync(at('rules.test.yaml'), tests('found'));
    expect([(await run()).code, (await run('--coverage')).code]).toEqual([0, 1]);
    writeFileSync(at('rules.test.yaml'), tests('none'));
    expect((await run()).code).toBe(1);
    writeFileSync(at('rules.test.yaml'), tests('maybe'));
    expect((await run()).code).toBe(2);
  });
});
