import { createServer, type AddressInfo, type Server } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditReport } from '../../src/model/audit.ts';
import { portreeve } from './portreeve.ts';

let folder: string;
let server: Server;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-cli-'));
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** A policy of one rule on the listener of this test, so that the host's own listeners decide nothing. */
function policy(name: string, exception = ''): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `version: 1\nrules:\n  - id: test-port\n    title: The port of this test\n    match: { port: ${port}, scope: loopback }\n    severity: error\n    advice: Look at it.\n${exception}`,
  );
  return file;
}
const alone = (file: string) => ['--no-shipped-rules', '--rules', file];

async function auditJson(args: readonly string[] = []): Promise<{ code: number | null; report: AuditReport }> {
  const { code, stdout } = await portreeve(['audit', '--now', '--format', 'json', ...args]);
  return { code, report: JSON.parse(stdout) as AuditReport };
}
const own = (report: AuditReport) => report.listeners.find((listener) => listener.port === port && listener.protocol === 'tcp');

describe('audit --now', () => {
  it('reports a listener of this machine with its owner, registry facts and scope', async () => {
    const { report } = await auditJson();
    expect(report.schema).toBe('portreeve/audit/v1');
    expect(own(report)).toMatchObject({
      protocol: 'tcp',
      family: 'ipv4',
      address: '127.0.0.1',
      scope: 'loopback',
      dualStack: false,
      sockets: 1,
      ownerKind: 'process',
      owners: [{ pid: process.pid, exe: process.execPath, exeDeleted: false, uid: process.getuid?.() }],
    });
    expect(report.registry).toEqual({ source: 'embedded', updated: '2026-02-13' });
    expect(report.summary.listeners).toBe(report.listeners.length);
    expect(report.policy.rules).toBeGreaterThan(20);
  });

  it.each(['netlink', 'procfs', 'portable'])('uses the source that it was told to: %s', async (source) => {
    const { report } = await auditJson(['--source', source]);
    expect(report.coverage.source).toBe(source);
    expect(own(report)?.owners.map((owner) => owner.pid)).toEqual([process.pid]);
  });

  it('exits with 1 for a finding at --fail-on, and not for one below it', async () => {
    const file = policy('one.yaml');
    const at = await auditJson([...alone(file), '--fail-on', 'error']);
    expect(at.code).toBe(1);
    expect(own(at.report)?.findings).toMatchObject([{ rule: 'test-port', severity: 'error', advice: 'Look at it.', excepted: null }]);
    const below = await auditJson([...alone(file), '--fail-on', 'critical']);
    expect(below.code).toBe(below.report.coverage.complete ? 0 : 3);
  });

  it('shows a listener that an exception covers, as excepted, and does not fail for it', async () => {
    const file = policy('excepted.yaml', `exceptions:\n  - id: this-test\n    rules: [test-port]\n    match: { port: ${port}, exe: ${process.execPath} }\n    reason: it is this test\n`);
    const { code, report } = await auditJson(alone(file));
    expect(own(report)?.findings[0]?.excepted).toEqual({ id: 'this-test', reason: 'it is this test', expires: null });
    expect(report.summary.excepted).toBe(1);
    expect(code).toBe(report.coverage.complete ? 0 : 3);
  });

  it('does not let an expired exception silence anything, and says that it has expired', async () => {
    const file = policy('expired.yaml', `exceptions:\n  - id: old\n    rules: [test-port]\n    match: { port: ${port}, exe: ${process.execPath} }\n    reason: once\n    expires: 2020-01-31\n`);
    const { code, stdout, stderr } = await portreeve(['audit', '--now', '--format', 'json', ...alone(file)]);
    expect(own(JSON.parse(stdout) as AuditReport)?.findings[0]?.excepted).toBeNull();
    expect(code).toBe(1);
    expect(stderr).toContain('2020-01-31');
    expect(stderr).toContain('expired.yaml:');
  });

  it('gives the same listeners in every format', async () => {
    const file = policy('formats.yaml');
    const [table, ndjson, csv] = await Promise.all(
      ['table', 'ndjson', 'csv'].map(async (format) => (await portreeve(['audit', '--now', '--format', format, ...alone(file)])).stdout),
    );
    expect(table).toContain(`${port}/tcp`);
    expect(ndjson?.trimEnd().split('\n').map((line) => JSON.parse(line) as { port?: number }).some((line) => line.port === port)).toBe(true);
    expect(csv?.split('\n').some((line) => line.includes(`,${port},`))).toBe(true);
  });

  it('keeps lines to 80 columns and uses no colour when told so', async () => {
    const { stdout } = await portreeve(['audit', '--now'], { COLUMNS: '80' });
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(stdout).not.toContain('\x1b');
  });

  it('without --now says that there is no daemon to ask, and what to do', async () => {
    const { code, stdout, stderr } = await portreeve(['audit']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('portreeve audit --now');
  });
});

describe('usage', () => {
  it.each([
    [['audit', '--now', '--format', 'xml'], 'xml'],
    [['audit', '--now', '--fail-on', 'fatal'], 'fatal'],
    [['audit', '--now', '--sauce', 'x'], '--sauce'],
    [['audit', '--now', 'extra'], 'too many arguments'],
    [['audti'], "Did you mean audit?"],
    [['explain', '70000'], 'there is no port 70000'],
    [['explain', '22/icmp'], 'icmp'],
    [['explain'], 'missing required argument'],
    [[], 'Usage: portreeve'],
  ])('%j is refused with 2', async (args, text) => {
    const { code, stdout, stderr } = await portreeve(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(text);
  });

  it('has help and version on standard output', async () => {
    expect(await portreeve(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
    const { code, stdout } = await portreeve(['audit', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--fail-on');
    expect(stdout).toContain('130  interrupted');
  });
});

describe('explain', () => {
  it('tells what is known of the three ports that must always come out right', async () => {
    const explain = async (question: string) => {
      const { stdout } = await portreeve(['explain', question, '--format', 'json']);
      return JSON.parse(stdout) as { transports: { transport: string; facts: { status: string; since: string | null; former: string | null }; block: object }[] };
    };
    const [reserved, unassigned, deassigned] = await Promise.all(['1276', '10276', '1302'].map(explain));
    expect(reserved?.transports.map(({ transport, facts }) => [transport, facts.status, facts.since])).toEqual([
      ['tcp', 'reserved', '2014-05-23'],
      ['udp', 'reserved', '2014-05-23'],
    ]);
    expect(unassigned?.transports.map(({ facts, block }) => [facts.status, block])).toEqual([
      ['unassigned', { from: 10_262, to: 10_287, status: 'unassigned' }],
      ['unassigned', { from: 10_262, to: 10_287, status: 'unassigned' }],
    ]);
    expect(deassigned?.transports.map(({ facts }) => [facts.status, facts.since, facts.former])).toEqual([
      ['de-assigned', '2019-10-30', 'ci3-software-2'],
      ['de-assigned', '2019-10-30', 'ci3-software-2'],
    ]);
  });

  it('names who listens on it here now', async () => {
    const { code, stdout } = await portreeve(['explain', `${port}/tcp`]);
    expect(code).toBe(0);
    expect(stdout).toContain(String(process.pid));
  });
});
