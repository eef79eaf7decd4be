import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import type { RegistryDiff } from '../../src/model/registry-change.ts';
import type { HostReading } from '../../src/pass/read-host.ts';
import { diffRegistries } from '../../src/pass/registry-diff.ts';
import { updateRegistry } from '../../src/pass/registry-update.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';
import { aListener } from '../fixtures/audit-report.ts';
import { wholeRegistryCsv, type CsvRowParts } from '../registry/registry-csv.ts';

const EMBEDDED = loadEmbeddedRegistry().updated;
let folder: string;
let newer: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-diff-'));
  newer = join(folder, 'newer.csv');
  const given = (transport: 'tcp' | 'udp'): CsvRowParts => ({ port: '5432', transport, description: 'De-registered', modified: '2027-01-01' });
  const changed = new Map<number, readonly CsvRowParts[]>([[5432, [given('tcp'), given('udp')]], [10_276, [{ port: '10276', transport: 'udp', service: 'brand-new' }]]]);
  writeFileSync(newer, wholeRegistryCsv(changed, '2027-01-01'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const diff = (before: string, after: string, readListeners: (() => Promise<HostReading>) | null = null): Promise<RegistryDiff> =>
  diffRegistries({ before, after, stateDir: join(folder, 'state'), warn: () => expect.fail('warned'), readListeners });
const reading = (listeners: HostReading['listeners']): HostReading => ({ source: 'netlink', listeners, gaps: [], ephemeralPorts: null }) as unknown as HostReading;
/** The embedded facts have aliases that the CSV of the tests leaves out. */
const told = ({ changes }: RegistryDiff): unknown[] => changes.filter(({ kind }) => kind !== 'aliases').map(({ kind, from, transports }) => [kind, from, transports.join()]);

describe('diffRegistries', () => {
  it('compares files with what is embedded', async () => {
    const result = await diff('embedded', newer);
    expect(result).toMatchObject({ schema: 'portreeve/registry-diff/v1', before: { source: 'embedded', updated: EMBEDDED }, after: { source: newer, updated: '2027-01-01' }, host: null });
    expect(told(result)).toEqual([
      ['de-assigned', 5432, 'tcp,udp'],
      ['assigned', 10_276, 'udp'],
    ]);
    expect(result.counts).toMatchObject({ 'de-assigned': 2, assigned: 1, reserved: 0, unassigned: 0, renamed: 0 });
  });

  it('names the listeners on ports that changed, by port and transport', async () => {
    const listeners = [
      aListener({ port: 10_276, protocol: 'tcp' }),
      aListener({ port: 10_276, protocol: 'udplite', id: 'lite' }),
      aListener({ port: 5432, id: 'database' }),
      aListener({ port: 22 }),
      aListener({ port: null, protocol: 'raw', ipProtocol: 1 }),
    ];
    const { host } = await diff('embedded', newer, () => Promise.resolve(reading(listeners)));
    expect(host?.listeners.map(({ listener, change }) => [listener.id, change.kind, change.from])).toEqual([
      ['database', 'de-assigned', 5432],
      ['lite', 'assigned', 10_276],
    ]);
    expect(host).toMatchObject({ coverage: { source: 'netlink', complete: true }, failure: null });
  });

  it('still has a difference where the host cannot be read, and says that', async () => {
    const failing = (): Promise<HostReading> => Promise.reject(new PortreeveError('source-failed', 'no way in'));
    expect((await diff('embedded', newer, failing)).host).toEqual({ listeners: [], coverage: null, failure: 'no way in' });
    await expect(diff('embedded', newer, () => Promise.reject(new Error('a fault')))).rejects.toThrow('a fault');
  });

  it('knows what is in force and what was before', async () => {
    await expect(diff('previous', 'current')).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('nothing was updated yet') as string });
    expect((await diff('current', 'embedded')).before).toEqual({ source: 'embedded', updated: EMBEDDED });
    const update = { stateDir: join(folder, 'state'), force: false, allowHttp: false, maxLossPercent: 1, caFile: null, timeoutMs: 1000, environment: {}, now: () => new Date('2027-01-02'), warn: () => expect.fail('warned') };
    await updateRegistry({ ...update, from: newer });
    const first = await diff('previous', 'current');
    expect([first.before.source, first.after.source]).toEqual(['embedded', join(folder, 'state', 'registry', 'current.facts')]);
    expect(told(first)).toContainEqual(['assigned', 10_276, 'udp']);
    const second = join(folder, 'second.csv');
    writeFileSync(second, wholeRegistryCsv(new Map(), '2027-01-02'));
    await updateRegistry({ ...update, from: second });
    expect((await diff('previous', 'current')).before).toEqual({ source: join(folder, 'state', 'registry', 'previous.facts'), updated: '2027-01-01' });
  });

  it('refuses what is no registry, naming it', async () => {
    await expect(diff('embedded', join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'registry-unreadable', exitCode: 2 });
  });
});
