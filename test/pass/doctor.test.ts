import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHECK_NAMES } from '../../src/model/doctor.ts';
import { examineHost } from '../../src/pass/doctor.ts';

let folder: string;

beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'portreeve-doctor-')); });
afterAll(() => { rmSync(folder, { recursive: true }); });

const written = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const input = { config: null, registry: null, rules: [], shipped: true, now: () => new Date('2026-11-22T08:00:00Z') };

describe('the doctor on this host', () => {
  it.runIf(process.platform === 'linux')('tells of everything once, in order, and is ready only where nothing needed is missing', async () => {
    const report = await examineHost({ ...input, stateDir: folder });
    expect(report.schema).toBe('portreeve/doctor/v1');
    expect(report.checks.map(({ name }) => name)).toEqual(CHECK_NAMES);
    expect(report.ready).toBe(report.checks.every(({ state, needed }) => state !== 'missing' || !needed));
    expect(report.checks.find(({ name }) => name === 'policy')).toMatchObject({ state: 'ok' });
  });

  it('goes on past files that are wrong, and tells of each', async () => {
    const config = written('portreeve.yaml', 'scan: { interval: soon }\n');
    const registry = written('registry.csv', 'nothing official\n');
    const rules = [written('rules.yaml', 'version: 1\nrules: 7\n')];
    const report = await examineHost({ ...input, config, registry, rules, stateDir: folder });
    const found = new Map(report.checks.map((check) => [check.name, check]));
    expect(found.get('configuration')).toMatchObject({ state: 'missing', needed: false });
    expect(found.get('configuration')?.finding).toContain('portreeve.yaml:1');
    expect(found.get('registry')).toMatchObject({ state: 'missing', needed: true });
    expect(found.get('policy')).toMatchObject({ state: 'missing', needed: true });
    expect(found.get('policy')?.finding).toContain('rules.yaml:2');
    expect(report.ready).toBe(false);
  });
});
