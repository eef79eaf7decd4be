import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditedListener, AuditReport } from '../../src/model/audit.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { readCsv } from '../reports/read-csv.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';

const FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
type Format = (typeof FORMATS)[number];

/** Controls of ASCII but for the line feed, C1 controls, what turns the direction of text, and broken text. */
const HARMFUL = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]/u;

describeUnless(missingForSandbox(), 'processes with names that would harm a terminal or forge a row', () => {
  let folder: string;
  let sandbox: Sandbox;
  let started: { readonly pids: readonly number[]; readonly ports: readonly number[] };
  const output = new Map<Format, string>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-hostile-'));
    sandbox = await openSandbox();
    started = await sandbox.start('hostile-name.py', [folder]);
    for (const format of FORMATS) {
      const { code, stdout, stderr } = await sandbox.portreeve(['audit', '--now', '--format', format]);
      expect([code, stderr], 'a program in /tmp is a finding').toEqual([1, '']);
      output.set(format, stdout);
    }
  });

  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const printed = (format: Format) => output.get(format) ?? '';
  const lines = (format: Format) => printed(format).trimEnd().split('\n');

  describe.each(FORMATS)('as %s', (format) => {
    it('holds no raw control character and ends with a line end', () => {
      expect(HARMFUL.exec(printed(format))).toBeNull();
      expect(printed(format).endsWith('\n')).toBe(true);
    });

    it('keeps each recognisable, by name, pid and port', () => {
      const evil = printed(format).split('evil').length - 1;
      expect(evil).toBeGreaterThanOrEqual(started.pids.length);
      for (const pid of started.pids) expect(printed(format)).toContain(String(pid));
      for (const port of started.ports) expect(printed(format)).toContain(String(port));
    });
  });

  it('is JSON with the three listeners, each with its process', () => {
    const { listeners } = JSON.parse(printed('json')) as AuditReport;
    expect(listeners.map(({ port, owners }) => [port, owners.map(({ pid }) => pid)])).toEqual(started.ports.map((port, index) => [port, [started.pids[index]]]));
    expect(listeners[0]?.owners[0]?.name).toMatch(/^\u001b\[2Jevil\n\r"/);
  });

  it('is one JSON line for the audit and one for each listener', () => {
    const [head, ...rest] = lines('ndjson').map((line) => JSON.parse(line) as { type: string } & AuditedListener);
    expect(head?.type).toBe('audit');
    expect(rest.map(({ port }) => port)).toEqual(started.ports);
  });

  it('is CSV with a header and a row for each listener, all of one width', () => {
    const rows = readCsv(printed('csv'));
    expect(rows).toHaveLength(1 + started.ports.length);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    const port = rows[0]?.indexOf('port') ?? -1;
    expect(rows.slice(1).map((row) => Number(row[port]))).toEqual(started.ports);
  });

  it('is a table with one row for each listener', () => {
    for (const port of started.ports) expect(lines('table').filter((line) => line.trimStart().startsWith(`${port}/tcp`))).toHaveLength(1);
  });
});
