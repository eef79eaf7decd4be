import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmbeddedRegistry, loadRegistryFile } from '../../src/registry/load.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';
import { findUnauthorizedUse } from '../../src/registry/unauthorized-use.ts';
import { registryCsv, wholeRegistryCsv } from './registry-csv.ts';

const reports = (content: Buffer): ReturnType<typeof findUnauthorizedUse> => findUnauthorizedUse(readRegistryCsv(content, 'f.csv').rows);

describe('findUnauthorizedUse', () => {
  it('gives the words of the row, for its transport, or for every one where the row names none', () => {
    const use = reports(registryCsv([{ service: 'dnsix', port: '90', transport: 'tcp', unauthorizedUse: 'PORT 90 also being used' }, { port: '788-799', description: 'Unassigned', unauthorizedUse: 'on port 796' }]));
    expect(use(90, 'tcp')).toBe('PORT 90 also being used');
    expect(use(90, 'udp')).toBeNull();
    expect([787, 788, 799, 800].map((port) => use(port, 'dccp'))).toEqual([null, 'on port 796', 'on port 796', null]);
  });

  it('tells what several rows say, each once, and no more than fits a screen', () => {
    const use = reports(registryCsv(['one', 'two', 'one', 'x'.repeat(5000)].map((unauthorizedUse, index) => ({ service: `s${index}`, port: '5', transport: 'tcp' as const, unauthorizedUse }))));
    expect(use(5, 'tcp')).toMatch(/^one; two; x+$/);
    expect(use(5, 'tcp')).toHaveLength(400);
  });

  it('knows the title of 2018, and files without the column', () => {
    const text = registryCsv([{ service: 'a1', port: '5', transport: 'tcp', unauthorizedUse: 'seen' }]).toString();
    expect(reports(Buffer.from(text.replace('Unauthorized Use Reported', 'Known Unauthorized Uses')))(5, 'tcp')).toBe('seen');
    expect(reports(Buffer.from(text.replace('Unauthorized Use Reported', 'Something Else')))(5, 'tcp')).toBeNull();
  });
});

describe('a registry', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-use-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('from a CSV tells of unauthorised use; the embedded one, which has no such text, does not pretend to', async () => {
    const file = join(folder, 'iana.csv');
    writeFileSync(file, wholeRegistryCsv(new Map([[90, [{ service: 'dnsix', port: '90', transport: 'tcp', unauthorizedUse: 'also used' }]]])));
    const registry = await loadRegistryFile(file);
    expect(registry.unauthorizedUse?.(90, 'tcp')).toBe('also used');
    expect(registry.unauthorizedUse?.(22, 'tcp')).toBeNull();
    expect(registry.lookup(90, 'tcp').service).toBe('dnsix');
    expect(loadEmbeddedRegistry()).not.toHaveProperty('unauthorizedUse');
  });
});
