import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Explanation, RangeExplanation, ServiceExplanation } from '../../src/model/explanation.ts';
import type { Suggestion } from '../../src/model/suggestion.ts';
import { wholeRegistryCsv } from '../registry/registry-csv.ts';
import { portreeve } from './portreeve.ts';

let folder: string;
let server: Server;
let client: Socket;
let port: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-explain-'));
  server = createServer((socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  client = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.5' });
  await new Promise((resolve) => client.once('connect', resolve));
});
afterAll(() => {
  client.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

async function json<Form>(args: readonly string[]): Promise<Form> {
  const { code, stdout, stderr } = await portreeve([...args, '--format', 'json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Form;
}

describe('explain PORT', () => {
  it('knows the listener of this test, its peer, and which rule decides', async () => {
    const policy = join(folder, 'policy.yaml');
    const rule = `version: 1\nrules:\n  - id: of-the-test\n    title: t\n    severity: error\n    match: { port: ${port} }\n  - id: of-another\n    title: t\n    severity: error\n    match: { port: ${port}, exe: /x }\n`;
    writeFileSync(policy, `${rule}exceptions:\n  - id: nearly\n    rules: [of-the-test]\n    match: { port: ${port}, exe: /y }\n    reason: r\n`);
    const explanation = await json<Explanation>(['explain', `${port}/tcp`, '--no-shipped-rules', '--rules', policy]);
    expect(explanation).toMatchObject({ schema: 'portreeve/explain/v1', port, name: null, host: { platform: process.platform } });
    expect(explanation.listeners.map(({ owners }) => owners.map(({ pid }) => pid))).toEqual([[process.pid]]);
    expect(explanation.listeners[0]?.findings.map((finding) => finding.rule)).toEqual(['of-the-test']);
    expect(explanation.peers?.find(({ protocol }) => protocol === 'tcp')).toMatchObject({ total: 1, top: [{ address: '127.0.0.5', connections: 1 }] });
    expect(explanation.decisions).toMatchObject([
      { listener: explanation.listeners[0]?.id, rules: [{ rule: 'of-the-test', truth: 'true', exceptions: [{ exception: 'nearly', truth: 'false', condition: 'exe', position: { file: policy } }] }, { rule: 'of-another', truth: 'false', condition: 'exe' }] },
    ]);
    const { stdout } = await portreeve(['explain', String(port), '--verbose', '--no-shipped-rules', '--rules', policy], { COLUMNS: '200' });
    expect(stdout).toContain('127.0.0.5 (local, 1)');
    expect(stdout).toContain('not excepted by nearly: exe does not hold');
    expect(stdout).toContain('of-another: no, exe does not hold');
    expect(stdout).toContain(`sudo kill ${process.pid}`);
  });

  it('says of 1302 what it was, of 1276 that it is reserved, of 10276 where it lies', async () => {
    const [licence, reserved, open] = await Promise.all(['1302', '1276', '10276'].map((asked) => json<Explanation>(['explain', asked])));
    expect(licence?.transports.slice(0, 2).map(({ facts }) => [facts.status, facts.since, facts.former])).toEqual(Array(2).fill(['de-assigned', '2019-10-30', 'ci3-software-2']));
    expect(reserved?.transports.slice(0, 2).map(({ facts }) => [facts.status, facts.since])).toEqual(Array(2).fill(['reserved', '2014-05-23']));
    expect(open?.transports[0]?.block).toEqual({ from: 10_262, to: 10_287, status: 'unassigned' });
    expect(open?.transports.map(({ transport, unauthorizedUse }) => [transport, unauthorizedUse])).toEqual([['tcp', null], ['udp', null]]);
  });

  it('tells of SCTP and DCCP where there is something to tell, and where they are asked for', async () => {
    const names = async (asked: string): Promise<string[]> => (await json<Explanation>(['explain', asked])).transports.map(({ transport }) => transport);
    expect(await names('80')).toEqual(['tcp', 'udp', 'sctp']);
    expect(await names('60000')).toEqual(['tcp', 'udp', 'sctp', 'dccp']);
    expect(await names('1276/dccp')).toEqual(['dccp']);
  });

  it('tells of unauthorised use where the registry is a full CSV, and is silent where it is not', async () => {
    const file = join(folder, 'iana.csv');
    writeFileSync(file, wholeRegistryCsv(new Map([[90, [{ service: 'dnsix', port: '90', transport: 'tcp', unauthorizedUse: 'used by others too' }]]])));
    expect((await portreeve(['explain', '90', '--registry', file])).stdout).toContain('told of unauthorised use: "used by others too"');
    expect((await portreeve(['explain', '90'])).stdout).not.toContain('unauthorised');
  });
});

describe('explain NAME and FROM-TO', () => {
  it('finds a port by its name, and several by one that they share', async () => {
    expect(await json<Explanation>(['explain', 'postgresql'])).toMatchObject({ port: 5432, name: { asked: 'postgresql', as: 'service' } });
    const shared = await json<ServiceExplanation>(['explain', 'http-alt']);
    expect(shared).toMatchObject({ schema: 'portreeve/explain-service/v1', name: 'http-alt' });
    expect(shared.ports.map((each) => each.port)).toEqual([591, 8008, 8080]);
  });

  it('sums up a range, with who listens in it', async () => {
    const range = await json<RangeExplanation>(['explain', `${port - 1}-${port}/tcp`]);
    expect(range).toMatchObject({ schema: 'portreeve/explain-range/v1', from: port - 1, to: port });
    expect(range.listeners.map((listener) => listener.port)).toContain(port);
    const whole = await json<RangeExplanation>(['explain', '0-65535']);
    expect(whole.transports[0]?.byStatus).toMatchObject({ 'assigned': 6149, 'de-assigned': 22 });
  });

  it.each([
    ['postgesql', 'did you mean postgresql (5432)?'],
    ['8100-8000', 'did you mean 8000-8100?'],
    ['65536', 'ports go from 0 to 65535'],
    ['\u001b[31mred', 'write a port'],
  ])('refuses %j with 2', async (asked, hint) => {
    const { code, stdout, stderr } = await portreeve(['explain', asked]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('\u001b');
  });
});

describe('suggest', () => {
  it('gives an unassigned user port that is free here, the same for the same seed', async () => {
    const first = await json<Suggestion>(['suggest', '--seed', 'a', '--count', '3']);
    expect(first.schema).toBe('portreeve/suggest/v1');
    expect(first.ports).toHaveLength(3);
    for (const { port: each, range } of first.ports) {
      expect(range).toBe('user');
      const { transports, listeners } = await json<Explanation>(['explain', String(each)]);
      expect(transports.slice(0, 2).map(({ facts }) => facts.status)).toEqual(['unassigned', 'unassigned']);
      expect(listeners).toEqual([]);
    }
    expect((await json<Suggestion>(['suggest', '--seed', 'a'])).ports[0]).toEqual(first.ports[0]);
    expect((await json<Suggestion>(['suggest', '--seed', 'b'])).ports[0]?.port).not.toBe(first.ports[0]?.port);
  });

  it('gives no port that a rule names, or that is in use', async () => {
    const policy = join(folder, 'named.yaml');
    const { ports: [free] } = await json<Suggestion>(['suggest', '--seed', 'c']);
    writeFileSync(policy, `version: 1\nrules:\n  - id: named\n    title: t\n    severity: info\n    match: { port: ${free?.port ?? 0} }\n`);
    expect((await json<Suggestion>(['suggest', '--seed', 'c', '--rules', policy])).ports[0]?.port).not.toBe(free?.port);
    const near = await json<Suggestion>(['suggest', '--private', '--near', String(port), '--count', '20']);
    expect(near.ports.map((each) => each.port)).not.toContain(port);
  });

  it.runIf(process.platform === 'linux')('gives a private port with the line that reserves it', async () => {
    const { ports, reservation } = await json<Suggestion>(['suggest', '--private', '--count', '2']);
    for (const { port: each } of ports) expect(each).toBeGreaterThanOrEqual(49_152);
    expect(reservation).toMatchObject({ setting: 'net.ipv4.ip_local_reserved_ports', file: '/etc/sysctl.d/90-reserved-ports.conf' });
    for (const { port: each } of ports) expect(reservation?.value.split(',').some((span) => span.split('-').map(Number).every((end) => Math.abs(end - each) <= 1))).toBe(true);
  });

  it('goes near a port when told to', async () => {
    const { ports } = await json<Suggestion>(['suggest', '--near', '10276', '--proto', 'tcp']);
    // Another program may have the very port while this runs.
    expect(ports[0]).toMatchObject({ block: { from: 10_262, to: 10_287 } });
    expect(Math.abs((ports[0]?.port ?? 0) - 10_276)).toBeLessThanOrEqual(3);
  });

  it.each([['--count', '0'], ['--count', '1e3'], ['--count', '-1'], ['--near', '65536'], ['--near', 'x'], ['--proto', 'sctp']])('refuses %s %s with 2', async (option, value) => {
    const { code, stdout } = await portreeve(['suggest', option, value]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
