import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/model/registry.ts';
import { TRANSPORTS } from '../../src/model/registry.ts';
import { countStatuses } from '../../src/registry/export.ts';
import embeddedFacts from '../../src/registry/iana.facts';
import { loadEmbeddedRegistry, loadRegistryFile, MAX_REGISTRY_BYTES } from '../../src/registry/load.ts';
import { readFacts } from '../../src/registry/read-facts.ts';
import { wholeRegistryCsv } from './registry-csv.ts';

describe('loadEmbeddedRegistry', () => {
  const registry = loadEmbeddedRegistry();

  it('is the snapshot of 2026-02-13, loaded once', () => {
    expect(registry).toMatchObject({ source: 'embedded', updated: '2026-02-13' });
    expect(loadEmbeddedRegistry()).toBe(registry);
  });

  it.each<[Transport, object]>([
    ['tcp', { assigned: 6149, reserved: 235, 'de-assigned': 22, unassigned: 42746, dynamic: 16384 }],
    ['udp', { assigned: 5755, reserved: 627, 'de-assigned': 20, unassigned: 42750, dynamic: 16384 }],
  ])('counts %s as the official file does', (transport, counts) => {
    expect(countStatuses(registry, transport)).toEqual(counts);
  });

  it.each(['tcp', 'udp'] as const)('has the three anchor ports right on %s', (transport) => {
    expect(registry.lookup(1276, transport)).toMatchObject({ status: 'reserved', since: '2014-05-23', service: null });
    expect(registry.lookup(10276, transport)).toMatchObject({ status: 'unassigned', since: null, former: null });
    expect(registry.lookup(1302, transport)).toMatchObject({ status: 'de-assigned', since: '2019-10-30', former: 'ci3-software-2' });
  });

  it.each<[number, Transport, string]>([
    [22, 'tcp', 'ssh'],
    [25, 'tcp', 'smtp'],
    [53, 'udp', 'domain'],
    [80, 'tcp', 'http'],
    [88, 'tcp', 'kerberos'],
    [111, 'udp', 'sunrpc'],
    [113, 'tcp', 'auth'],
    [443, 'tcp', 'https'],
    [443, 'udp', 'https'],
    [465, 'tcp', 'submissions'],
    [512, 'tcp', 'exec'],
    [512, 'udp', 'biff'],
    [513, 'tcp', 'login'],
    [514, 'tcp', 'shell'],
    [514, 'udp', 'syslog'],
    [631, 'tcp', 'ipp'],
    [750, 'udp', 'kerberos-iv'],
    [1433, 'tcp', 'ms-sql-s'],
    [1701, 'udp', 'l2tp'],
    [1812, 'udp', 'radius'],
    [2049, 'tcp', 'nfs'],
    [3306, 'tcp', 'mysql'],
    [3478, 'udp', 'stun'],
    [5353, 'udp', 'mdns'],
    [5432, 'tcp', 'postgresql'],
    [6000, 'tcp', 'x11'],
    [6063, 'tcp', 'x11'],
    [6379, 'tcp', 'redis'],
    [8080, 'tcp', 'http-alt'],
    [9100, 'tcp', 'pdl-datastream'],
  ])('calls %d/%s %s', (port, transport, service) => {
    expect(registry.lookup(port, transport)).toMatchObject({ status: 'assigned', service });
  });

  it('keeps the other names of a port', () => {
    expect(registry.lookup(80, 'tcp').aliases).toEqual(['www', 'www-http']);
    expect(registry.lookup(2049, 'tcp').aliases).toEqual(['shilp']);
  });

  it('knows assigned ports without a service name, and former names from notes and older files', () => {
    expect(registry.lookup(24, 'tcp')).toMatchObject({ status: 'assigned', service: null });
    expect(registry.lookup(2, 'tcp')).toMatchObject({ status: 'de-assigned', since: '2025-02-13', former: 'compressnet' });
    expect(registry.lookup(831, 'udp')).toMatchObject({ status: 'de-assigned', since: '2025-09-29', former: 'netconf-beep' });
  });

  it('holds facts only, in text that stands the check for a foreign file, and is small', () => {
    expect(readFacts(embeddedFacts, 'iana.facts').updated).toBe('2026-02-13');
    const facts = embeddedFacts.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    expect(facts.length).toBeGreaterThan(6000);
    // Ports, transports, a status letter, names without a blank, a date, a name: there is no room for a sentence.
    expect(facts.filter((line) => !/^\d+(-\d+)?\tt?u?s?d?\t[ARDU](\t[^\t ]*(\t[\d-]*(\t[^\t ]+)?)?)?$/.test(line))).toEqual([]);
    expect(embeddedFacts.length).toBeLessThan(200_000);
  });
});

describe('loadRegistryFile', () => {
  let folder = '';
  const write = async (name: string, content: string | Buffer): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, content);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portreeve-registry-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it('loads a CSV, with the former names that the embedded registry knows', async () => {
    const changed = new Map([[1302, [{ port: '1302', transport: 'tcp' as const, service: 'new-service' }, { port: '1302', transport: 'udp' as const, description: 'Unassigned' }]]]);
    const path = await write('whole.csv', wholeRegistryCsv(changed));
    const registry = await loadRegistryFile(path);
    expect(registry).toMatchObject({ source: path, updated: '2026-02-13' });
    expect(registry.lookup(1302, 'tcp')).toMatchObject({ status: 'assigned', service: 'new-service', former: null });
    expect(registry.lookup(1302, 'udp')).toMatchObject({ status: 'unassigned', former: 'ci3-software-2' });
    expect(registry.lookup(2, 'tcp')).toMatchObject({ status: 'de-assigned', former: 'compressnet' });
  });

  it('takes a name of the embedded registry for a former one where a newer CSV has lost it', async () => {
    const lost = new Map([[5432, [{ port: '5432', description: 'Reserved' }]]]);
    const newer = await loadRegistryFile(await write('newer.csv', wholeRegistryCsv(lost, '2027-01-01')));
    expect(newer.lookup(5432, 'tcp')).toMatchObject({ status: 'reserved', former: 'postgresql' });
    const same = await loadRegistryFile(await write('same.csv', wholeRegistryCsv(lost)));
    expect(same.lookup(5432, 'tcp')).toMatchObject({ status: 'reserved', former: null });
  });

  it('does not call a name former that a CSV is too old to have seen lost', async () => {
    const path = await write('2018.csv', wholeRegistryCsv(new Map([[1302, [{ port: '1302', description: 'Unassigned' }]]]), '2018-02-12'));
    expect((await loadRegistryFile(path)).lookup(1302, 'tcp').former).toBeNull();
  });

  it('loads compiled facts, told by their first line and not by the name of the file', async () => {
    const registry = await loadRegistryFile(await write('facts.csv', embeddedFacts));
    for (const transport of TRANSPORTS) expect(countStatuses(registry, transport)).toEqual(countStatuses(loadEmbeddedRegistry(), transport));
  });

  it('refuses facts that are cut', async () => {
    const path = await write('cut.facts', embeddedFacts.slice(0, embeddedFacts.length / 2));
    await expect(loadRegistryFile(path)).rejects.toMatchObject({ code: 'registry-invalid', exitCode: 2 });
  });

  it('refuses a missing file, a directory, a device, an empty and a huge file', async () => {
    await expect(loadRegistryFile(join(folder, 'none.csv'))).rejects.toMatchObject({ code: 'registry-unreadable', exitCode: 2 });
    await expect(loadRegistryFile(folder)).rejects.toMatchObject({ code: 'registry-invalid', message: `${folder}: this is a directory, not a file` });
    await expect(loadRegistryFile('/dev/null')).rejects.toMatchObject({ code: 'registry-invalid', message: '/dev/null: this is not a regular file' });
    await expect(loadRegistryFile(await write('empty.csv', ''))).rejects.toMatchObject({ code: 'registry-invalid', message: expect.stringContaining('empty') as string });
    const huge = await write('huge.csv', 'x');
    await truncate(huge, MAX_REGISTRY_BYTES + 1);
    await expect(loadRegistryFile(huge)).rejects.toMatchObject({ code: 'registry-invalid', message: expect.stringContaining('larger than 64 MB') as string });
  });

  it('refuses a CSV cut in the middle, naming the file', async () => {
    const whole = wholeRegistryCsv();
    const path = await write('cut.csv', whole.subarray(0, whole.length / 2));
    await expect(loadRegistryFile(path)).rejects.toMatchObject({ code: 'registry-invalid', message: expect.stringContaining(path) as string });
  });
});
