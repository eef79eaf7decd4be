import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PortreeveError, type Problem } from '../../src/model/errors.ts';
import type { RegistryUpdate } from '../../src/model/registry-state.ts';
import { rollBackRegistry, updateRegistry, type UpdateInput } from '../../src/pass/registry-update.ts';
import { openRegistry } from '../../src/pass/registry.ts';
import { registryStatus } from '../../src/pass/registry-status.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';
import { openSnapshot, sealSnapshot } from '../../src/registry/sealed-snapshot.ts';
import type { CsvRowParts } from '../registry/registry-csv.ts';
import { wholeRegistryCsv } from '../registry/registry-csv.ts';
import { makeTrust, startServer, type Handler, type TestServer } from '../registry/transfer/csv-server.ts';

const { authority, identity } = makeTrust();
const NOW = '2027-01-31T12:00:00.000Z';
const EMBEDDED = loadEmbeddedRegistry().updated;
/** A year on: 1302 lost its reservation to a new service, and 5432 its own. */
const NEWER = wholeRegistryCsv(new Map<number, CsvRowParts[]>([[1302, [{ port: '1302', service: 'new-service' }]], [5432, [{ port: '5432', description: 'Reserved' }]]]), '2027-01-01');
const NEWEST = wholeRegistryCsv(new Map(), '2027-01-30');
const MANY_LOST = wholeRegistryCsv(new Map(Array.from({ length: 300 }, (_, index) => [2000 + index, [{ port: `${2000 + index}`, description: 'Unassigned' }]])), '2027-01-02');

let server: TestServer;
let trusted: string;
let home: string;
let state: string;
const warnings: Problem[] = [];

beforeAll(async () => {
  server = await startServer(identity);
  home = mkdtempSync(join(tmpdir(), 'portreeve-update-'));
  trusted = join(home, 'ca.pem');
  writeFileSync(trusted, authority.cert);
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});
beforeEach(() => {
  state = mkdtempSync(join(home, 'state-'));
});
afterEach(() => {
  expect(warnings.splice(0)).toEqual([]);
});

const send = (content: Buffer, etag = '"v1"'): Handler => (request, response) => {
  if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
  else response.writeHead(200, { etag }).end(content);
};
const warn = (problem: Problem): number => warnings.push(problem);
function update(changes: Partial<UpdateInput> = {}): Promise<RegistryUpdate> {
  return updateRegistry({
    from: `${server.origin}/ports.csv`,
    stateDir: state,
    force: false,
    allowHttp: false,
    maxLossPercent: 1,
    caFile: trusted,
    timeoutMs: 10_000,
    environment: {},
    now: () => new Date(NOW),
    warn,
    ...changes,
  });
}
async function refusal(promise: Promise<unknown>): Promise<PortreeveError> {
  const outcome = await promise.then(() => 'no error', (error: unknown) => error);
  if (outcome instanceof PortreeveError) return outcome;
  throw new Error(String(outcome));
}
const current = (): string => join(state, 'registry', 'current.facts');
const open = () => openRegistry({ file: null, stateDir: state, warn });
const status = () => registryStatus({ file: null, stateDir: state, warn, maxAgeDays: 365, now: () => new Date(NOW) });
const UNCHANGED = `The registry in force is unchanged: embedded, of ${EMBEDDED}.`;

describe('registry update', () => {
  it('puts in force what is new, with the names that ports had before', async () => {
    server.handle(send(NEWER));
    const report = await update();
    expect(report).toMatchObject({
      outcome: 'updated',
      from: `${server.origin}/ports.csv`,
      before: { source: 'embedded', updated: EMBEDDED },
      after: { source: current(), updated: '2027-01-01' },
      overridden: [],
    });
    const registry = await open();
    expect(registry.lookup(1302, 'tcp')).toMatchObject({ status: 'assigned', service: 'new-service' });
    expect(registry.lookup(5432, 'tcp')).toMatchObject({ status: 'reserved', former: 'postgresql' });
    expect(registry.lookup(2, 'tcp')).toMatchObject({ status: 'de-assigned', former: 'compressnet' });
    expect((await status()).origin).toEqual({
      url: `${server.origin}/ports.csv`,
      etag: '"v1"',
      lastModified: null,
      fetchedAt: NOW,
      checkedAt: NOW,
      csvSha256: createHash('sha256').update(NEWER).digest('hex'),
      forcedOver: null,
    });
    expect(readdirSync(join(state, 'registry'))).toEqual(['current.facts']);
  });

  it('leaves alone what has not changed, and notes the day', async () => {
    server.handle(send(NEWER));
    await update();
    const later = '2027-01-31T18:00:00.000Z';
    const asked = server.requests.length;
    expect(await update({ now: () => new Date(later) })).toMatchObject({ outcome: 'not-modified', after: { source: current(), updated: '2027-01-01' } });
    expect(server.requests.slice(asked).map(({ headers }) => headers['if-none-match'])).toEqual(['"v1"']);
    expect((await status()).origin).toMatchObject({ fetchedAt: NOW, checkedAt: later });
    // A server that sends no validators, or others for the same file.
    server.handle(send(NEWER, '"v2"'));
    expect((await update()).outcome).toBe('not-modified');
    expect((await status()).origin).toMatchObject({ fetchedAt: NOW, etag: '"v2"' });
    expect((await status()).previous).toEqual({ source: 'embedded', updated: EMBEDDED });
  });

  it('hands on former names from one update to the next', async () => {
    server.handle(send(NEWER));
    await update();
    server.handle(send(wholeRegistryCsv(new Map([[1302, [{ port: '1302', description: 'De-registered' }]], [5432, [{ port: '5432', description: 'Reserved' }]]]), '2027-01-20'), '"v2"'));
    await update();
    const registry = await open();
    expect(registry.lookup(1302, 'tcp')).toMatchObject({ status: 'de-assigned', former: 'new-service' });
    expect(registry.lookup(5432, 'udp')).toMatchObject({ status: 'reserved', former: 'postgresql' });
  });

  it('goes back to the one before, and forth again', async () => {
    server.handle(send(NEWER));
    await update();
    server.handle(send(NEWEST, '"v2"'));
    await update();
    expect((await status()).previous?.updated).toBe('2027-01-01');
    expect(await rollBackRegistry({ stateDir: state, warn })).toMatchObject({ outcome: 'rolled-back', before: { updated: '2027-01-30' }, after: { updated: '2027-01-01', source: current() } });
    expect((await open()).updated).toBe('2027-01-01');
    expect((await rollBackRegistry({ stateDir: state, warn })).after.updated).toBe('2027-01-30');
  });

  it('goes back to the embedded one after a first update', async () => {
    expect(await refusal(rollBackRegistry({ stateDir: state, warn }))).toMatchObject({ code: 'update-refused', message: 'there is no previous registry to go back to' });
    server.handle(send(NEWER));
    await update();
    expect((await rollBackRegistry({ stateDir: state, warn })).after).toEqual({ source: 'embedded', updated: EMBEDDED });
    expect((await rollBackRegistry({ stateDir: state, warn })).after).toEqual({ source: current(), updated: '2027-01-01' });
  });

  it('does not go back to what is damaged, or older than the embedded one', async () => {
    server.handle(send(NEWER));
    await update();
    server.handle(send(NEWEST, '"v2"'));
    await update();
    const previous = join(state, 'registry', 'previous.facts');
    const sound = readFileSync(previous, 'utf8');
    for (const [content, what] of [[sound.replace('ssh', 'hss'), 'the file is not as an update left it'], ['', 'the file is empty']] as const) {
      writeFileSync(previous, content);
      const damaged = await refusal(rollBackRegistry({ stateDir: state, warn }));
      expect(damaged).toMatchObject({ code: 'update-refused', message: expect.stringContaining(`${previous}: ${what}`) as string, exitCode: 3 });
      expect(damaged.hint).toBe(`The registry in force is unchanged: ${current()}, of 2027-01-30. There is no other to go back to. The next update keeps what it replaces.`);
      expect((await status()).previous).toBeNull();
      expect(warnings.splice(0)).toMatchObject([{ position: { file: previous }, message: expect.stringMatching(`^${what}.*; no rollback can use it$`) as string, level: 'warning' }]);
    }
    const { facts, origin } = openSnapshot(sound, previous);
    writeFileSync(previous, sealSnapshot(facts.replace('# snapshot 2027-01-01', '# snapshot 2020-01-01'), origin));
    expect(await refusal(rollBackRegistry({ stateDir: state, warn }))).toMatchObject({ code: 'update-refused', message: expect.stringContaining('it is of 2020-01-01, older than the embedded registry') as string });
    expect((await open()).updated).toBe('2027-01-30');
  });

  it('takes a path, and a file: address', async () => {
    const file = join(home, 'ports of 2027.csv');
    writeFileSync(file, NEWER);
    expect(await update({ from: file })).toMatchObject({ outcome: 'updated', from: file });
    expect(await update({ from: pathToFileURL(file).href })).toMatchObject({ outcome: 'not-modified', from: file });
  });

  it.each([
    ['file://server/share/ports.csv', 'cannot name another host'],
    ['ftp://server/ports.csv', 'not an address that can be fetched'],
    ['https://', 'not an address that can be fetched'],
  ])('refuses %s as usage', async (from, message) => {
    expect(await refusal(update({ from }))).toMatchObject({ code: 'usage', exitCode: 2, message: expect.stringContaining(message) as string });
  });

  it('does not write a name and a password of the address anywhere', async () => {
    server.handle(send(NEWER));
    expect((await update({ from: `https://me:secret@localhost:${server.port}/f` })).from).toBe(`${server.origin}/f`);
    expect(server.requests.at(-1)!.headers.authorization).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
    expect(readFileSync(current(), 'utf8')).not.toContain('secret');
    server.handle((_, response) => response.writeHead(404).end());
    expect(JSON.stringify(await refusal(update({ from: `https://me:secret@localhost:${server.port}/f` })))).not.toContain('secret');
  });
});

describe('registry update leaves the registry in force as it is, and says so', () => {
  const html: Handler = (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!DOCTYPE html><html><title>Log in</title></html>');
  it.each<[string, Handler, PortreeveError['code'], string, string]>([
    ['the file is not there', (_, response) => response.writeHead(404).end(), 'update-failed', 'the file is not there (status 404)', '--from'],
    ['the server fails', (_, response) => response.writeHead(500).end(), 'update-failed', 'status 500', 'Try again later'],
    ['it redirects in a loop', (_, response) => response.writeHead(302, { location: '/' }).end(), 'update-failed', 'more than 5 redirects', 'browser'],
    ['the connection is cut', (_, response) => void response.writeHead(200, { 'content-length': NEWER.length }).write(NEWER.subarray(0, 1000), () => response.destroy()), 'update-failed', 'cut after', 'Try again'],
    ['the file ends early, and the server does not say so', (_, response) => response.end(NEWER.subarray(0, NEWER.length / 2)), 'update-refused', 'the file is cut', '--from FILE'],
    ['a captive portal answers', html, 'update-refused', 'this is a web page', 'captive portal'],
    ['the file is another', (_, response) => response.end('Port,Name\n22,ssh\n'), 'update-refused', 'no column', 'captive portal'],
    ['the file is empty', (_, response) => response.end(), 'update-refused', 'empty', 'captive portal'],
    ['much is gone', send(MANY_LOST), 'update-refused', 'assignments', '--force'],
    ['it is older', send(wholeRegistryCsv(new Map(), '2020-01-01')), 'update-refused', `it is of 2020-01-01, older than the one in force, of ${EMBEDDED}`, '--force'],
    ['it is from the future', send(wholeRegistryCsv(new Map(), '2031-01-01')), 'update-refused', 'here it is 2027-01-31', '--force'],
  ])('where %s', async (_, handler, code, message, hint) => {
    server.handle(handler);
    const error = await refusal(update());
    expect(error).toMatchObject({ code, exitCode: 3, message: expect.stringContaining(message) as string, hint: expect.stringContaining(hint) as string });
    expect(error.message).toContain(server.origin);
    expect(error.hint).toContain(UNCHANGED);
    expect((await open()).source).toBe('embedded');
    expect(readdirSync(join(state, 'registry'))).toEqual([]);
  });

  it('where a file of the user is not the registry, which is the fault of what was named', async () => {
    const file = join(home, 'other.csv');
    writeFileSync(file, 'Port,Name\n22,ssh\n');
    expect(await refusal(update({ from: file }))).toMatchObject({ code: 'registry-invalid', exitCode: 2, hint: expect.stringContaining(UNCHANGED) as string });
    expect(await refusal(update({ from: join(home, 'none.csv') }))).toMatchObject({ code: 'registry-unreadable', exitCode: 2 });
  });

  it('where it has no trust in the server', async () => {
    expect(await refusal(update({ caFile: null }))).toMatchObject({ code: 'update-failed', message: expect.stringContaining('an issuer that is not trusted') as string, hint: expect.stringContaining('--ca-file') as string });
  });

  it('where nothing can be written', async () => {
    const file = join(state, 'file');
    writeFileSync(file, '');
    expect(await refusal(update({ stateDir: file }))).toMatchObject({ code: 'state-unwritable', exitCode: 3, message: expect.stringContaining('ENOTDIR') as string });
  });
});

describe('--force', () => {
  it('takes an older file, until the program brings a newer one, and says what it passed over', async () => {
    server.handle(send(wholeRegistryCsv(new Map(), '2020-01-01')));
    const report = await update({ force: true });
    expect(report).toMatchObject({ outcome: 'updated', after: { source: current(), updated: '2020-01-01' }, overridden: [expect.stringContaining('it is of 2020-01-01')] });
    expect((await status()).origin?.forcedOver).toBe(EMBEDDED);
  });

  it('takes a file that lost much, but never a broken one', async () => {
    server.handle(send(MANY_LOST));
    expect((await update({ force: true })).overridden[0]).toMatch(/^\d+ of \d+ assignments \([\d.]+ %\) are gone, more than 1 %: 2000\/tcp /);
    server.handle((_, response) => response.end(NEWER.subarray(0, NEWER.length / 2)));
    expect(await refusal(update({ force: true }))).toMatchObject({ code: 'update-refused' });
    expect((await open()).updated).toBe('2027-01-02');
  });

  it('is not needed where more loss is allowed', async () => {
    server.handle(send(MANY_LOST));
    expect((await update({ maxLossPercent: 10 })).overridden).toEqual([]);
  });
});

describe('a damaged file in the place of the last update', () => {
  it('is set aside by the next one, which fetches anew', async () => {
    server.handle(send(NEWER));
    await update();
    writeFileSync(current(), 'torn');
    expect((await update()).outcome).toBe('updated');
    expect(warnings.splice(0)).toMatchObject([{ level: 'warning', message: expect.stringContaining('set aside') as string }]);
    expect(readdirSync(join(state, 'registry')).sort()).toEqual(['current.facts', 'current.facts.damaged']);
  });
});

describe('registry status', () => {
  it('tells what is in force, its age, and what it holds', async () => {
    expect(await status()).toMatchObject({
      kind: 'embedded',
      source: 'embedded',
      updated: EMBEDDED,
      stale: false,
      origin: null,
      passedOver: null,
      previous: null,
      folder: join(state, 'registry'),
      counts: { tcp: { assigned: 6149, reserved: 235, 'de-assigned': 22, unassigned: 42_746, dynamic: 16_384 }, udp: { assigned: 5755 } },
    });
    server.handle(send(NEWER));
    await update();
    expect(await status()).toMatchObject({ kind: 'updated', source: current(), updated: '2027-01-01', ageDays: 30, stale: false, previous: { source: 'embedded' } });
    const inTime = (date: string, maxAgeDays = 30) => registryStatus({ file: null, stateDir: state, warn, maxAgeDays, now: () => new Date(date) });
    expect(await inTime('2027-01-31T23:59:59Z')).toMatchObject({ ageDays: 30, stale: false });
    expect(await inTime('2027-02-01T00:00:00Z')).toMatchObject({ ageDays: 31, stale: true });
    expect(await inTime('2026-12-31T12:00:00Z')).toMatchObject({ ageDays: -1, stale: false });
  });

  it('tells of an update that the embedded registry has overtaken', async () => {
    server.handle(send(wholeRegistryCsv(new Map(), '2020-01-01')));
    await update({ force: true });
    const text = readFileSync(current(), 'utf8');
    expect(text).toContain(`"forcedOver":"${EMBEDDED}"`);
    const { facts, origin } = openSnapshot(text, 'x');
    writeFileSync(current(), sealSnapshot(facts, { ...origin, forcedOver: '2025-01-01' }));
    expect(await status()).toMatchObject({ kind: 'embedded', updated: EMBEDDED, passedOver: { source: current(), updated: '2020-01-01' } });
  });

  it('looks at a file that the user names', async () => {
    const file = join(home, 'named.csv');
    writeFileSync(file, NEWER);
    expect(await registryStatus({ file, stateDir: state, warn, maxAgeDays: 10, now: () => new Date(NOW) })).toMatchObject({ kind: 'file', source: file, updated: '2027-01-01', stale: true, origin: null });
  });
});
