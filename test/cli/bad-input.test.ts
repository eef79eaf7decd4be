import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portreeve } from './portreeve.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-bad-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const rule = (match: string, id = 'a') => `  - id: ${id}\n    title: t\n    severity: error\n    match: ${match}\n`;
const bomb = ['version: 1', 'a0: &a0 [x,x,x,x,x,x,x,x,x,x]', ...Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array<string>(10).fill(`*a${i}`).join(',')}]`)].join('\n');

describe('a policy that is not one is refused with 2, its place and what was meant', () => {
  it.each([
    ['a typo in a key', 'version: 1\nrules:\n  - id: a\n    title: t\n    serverity: error\n    match: { port: 5 }\n', ':5:5: ', 'severity'],
    ['a bad port range', `version: 1\nrules:\n${rule('{ port: 8100-8000 }')}`, ':6:20: ', '8000-8100'],
    ['a port that does not exist', `version: 1\nrules:\n${rule('{ port: [1, 70000] }')}`, ':6:24: ', '70000'],
    ['two rules of one id', `version: 1\nrules:\n${rule('{ port: 5 }')}${rule('{ port: 6 }')}`, ':7:9: ', ':3:9'],
    ['indentation by tab', 'version: 1\nrules:\n\t- id: a\n', ':3:1: ', 'Tabs'],
    ['an alias bomb', bomb, ':7:9: ', 'aliases'],
    ['nesting without end', `version: 1\nrules: ${'['.repeat(10_000)}`, ':2:', 'nested'],
    ['an exception for a rule that does not exist', `version: 1\nrules:\n${rule('{ port: 5 }', 'some-rule')}exceptions:\n  - id: e\n    rules: [some-ruel]\n    match: { port: 5 }\n    reason: r\n`, ':9:13: ', 'some-rule'],
  ])('%s', async (name, text, place, meant) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.yaml`);
    writeFileSync(file, text);
    const { code, stdout, stderr } = await portreeve(['audit', '--now', '--no-shipped-rules', '--rules', file]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(file + place);
    expect(stderr).toContain(meant);
  });

  it('a file of 50 MB, without reading it', async () => {
    const file = join(folder, 'large.yaml');
    writeFileSync(file, Buffer.alloc(50 * 1024 * 1024, 'a'));
    const { code, stderr } = await portreeve(['audit', '--now', '--rules', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(file);
    expect(stderr).toContain('larger than');
  });

  it('a folder without a policy in it, a folder that is called like a file, and nothing at all', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const nested = join(folder, 'nested');
    mkdirSync(join(nested, 'rules.yaml'), { recursive: true });
    for (const [path, named] of [
      [empty, empty],
      [nested, join(nested, 'rules.yaml')],
      [join(folder, 'missing.yaml'), join(folder, 'missing.yaml')],
    ] as const) {
      const { code, stdout, stderr } = await portreeve(['audit', '--now', '--rules', path]);
      expect({ path, code, stdout }).toEqual({ path, code: 2, stdout: '' });
      expect(stderr).toContain(named);
    }
  });
});

describe('a registry that is not one is refused with 2, never half read', () => {
  it.each([
    ['an empty file', '', 'empty'],
    ['a page of HTML', '<!DOCTYPE html><html><title>Log in</title></html>\n', 'HTML'],
    ['binary', '\0\x01\x02'.repeat(1000), 'binary'],
    ['a table with a missing column', 'Service Name,Port Number,Transport Protocol\nssh,22,tcp\n', 'column'],
    ['a table with too little in it', 'Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,Registration Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,Assignment Notes\nssh,22,tcp,Secure Shell,,,1999-01-01,,,,,\n', 'not the whole official file'],
  ])('%s', async (name, text, meant) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.csv`);
    writeFileSync(file, text);
    for (const args of [['registry', 'export'], ['audit', '--now'], ['explain', '22']]) {
      const { code, stdout, stderr } = await portreeve([...args, '--registry', file]);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: '' });
      expect(stderr).toContain(file);
      expect(stderr).toContain(meant);
    }
  });

  it('a folder', async () => {
    const { code, stderr } = await portreeve(['registry', 'export', '--registry', folder]);
    expect(code).toBe(2);
    expect(stderr).toContain('directory');
  });
});

describe('registry export', () => {
  it('has a row for each of 65,536 ports on four transports', async () => {
    const { code, stdout } = await portreeve(['registry', 'export', '--format', 'csv']);
    const lines = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(lines).toHaveLength(1 + 65_536 * 4);
    expect(lines[0]).toBe('port,protocol,status,range,service');
    const counts: Record<string, number> = {};
    for (const line of lines) {
      const [, protocol, status] = line.split(',');
      if (protocol === 'tcp' || protocol === 'udp') counts[`${protocol} ${status}`] = (counts[`${protocol} ${status}`] ?? 0) + 1;
    }
    expect(counts).toEqual({
      'tcp assigned': 6149,
      'tcp reserved': 235,
      'tcp de-assigned': 22,
      'tcp unassigned': 42_746,
      'tcp dynamic': 16_384,
      'udp assigned': 5755,
      'udp reserved': 627,
      'udp de-assigned': 20,
      'udp unassigned': 42_750,
      'udp dynamic': 16_384,
    });
    expect(lines).toContain('80,tcp,assigned,system,http');
    expect(lines).toContain('1302,udp,de-assigned,user,');
  });

  it('writes the same as JSON lines', async () => {
    const { stdout } = await portreeve(['registry', 'export', '--format', 'ndjson']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(65_536 * 4);
    expect(JSON.parse(lines[22 * 4] ?? '')).toEqual({ port: 22, protocol: 'tcp', status: 'assigned', range: 'system', service: 'ssh' });
  });
});
