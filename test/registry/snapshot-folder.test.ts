import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Problem } from '../../src/model/errors.ts';
import type { SnapshotOrigin } from '../../src/model/registry-state.ts';
import { exchangeSnapshots, putInPlace, rewriteOrigin, withSnapshotFolder } from '../../src/registry/change-snapshots.ts';
import { FACTS_TITLE } from '../../src/registry/facts-format.ts';
import { openInForce, readInForce } from '../../src/registry/in-force.ts';
import { loadEmbeddedRegistry } from '../../src/registry/load.ts';
import { replaceFiles } from '../../src/model/replace-file.ts';
import { readSnapshot, snapshotPaths, type SnapshotPaths } from '../../src/registry/snapshot-folder.ts';

let state: string;
let paths: SnapshotPaths;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'portreeve-state-'));
  paths = snapshotPaths(state);
});
afterEach(() => {
  rmSync(state, { recursive: true });
});

const ORIGIN: SnapshotOrigin = { url: 'u', etag: null, lastModified: null, fetchedAt: 'f', checkedAt: 'c', csvSha256: 's', forcedOver: null };
const snapshot = (updated: string, origin: Partial<SnapshotOrigin> = {}) => ({
  facts: [FACTS_TITLE, `# snapshot ${updated}`, '22\ttus\tA\tssh', '# end 1', ''].join('\n'),
  origin: { ...ORIGIN, ...origin },
});
const put = (updated: string, origin: Partial<SnapshotOrigin> = {}): Promise<void> =>
  withSnapshotFolder(paths, async () => {
    await putInPlace(paths, snapshot(updated, origin), await readSnapshot(paths.current));
  });
const dates = async (): Promise<(string | undefined)[]> => [(await readSnapshot(paths.current))?.registry.updated, (await readSnapshot(paths.previous))?.registry.updated];

describe('the folder of snapshots', () => {
  it('keeps the one before, and no third', async () => {
    await put('2030-01-01');
    expect(await dates()).toEqual(['2030-01-01', undefined]);
    await put('2030-01-02');
    await put('2030-01-03');
    expect(await dates()).toEqual(['2030-01-03', '2030-01-02']);
    expect(readdirSync(paths.folder).sort()).toEqual(['current.facts', 'previous.facts']);
  });

  it('is readable for every user, as audits by others use it', async () => {
    await put('2030-01-01');
    expect(statSync(paths.current).mode & 0o444).toBe(0o444);
  });

  it('exchanges the two, and the one with nothing', async () => {
    const exchange = async (): Promise<void> => {
      const [current, previous] = await dates();
      await withSnapshotFolder(paths, () => exchangeSnapshots(paths, { current: current !== undefined, previous: previous !== undefined }));
    };
    await put('2030-01-01');
    await exchange();
    expect(await dates()).toEqual([undefined, '2030-01-01']);
    await exchange();
    expect(await dates()).toEqual(['2030-01-01', undefined]);
    await put('2030-01-02');
    await exchange();
    expect(await dates()).toEqual(['2030-01-01', '2030-01-02']);
    await exchange();
    expect(await dates()).toEqual(['2030-01-02', '2030-01-01']);
  });

  it('writes down another origin without losing the one before', async () => {
    await put('2030-01-01');
    await put('2030-01-02');
    await withSnapshotFolder(paths, () => rewriteOrigin(paths, snapshot('2030-01-02', { checkedAt: 'later' })));
    expect((await readSnapshot(paths.current))?.origin.checkedAt).toBe('later');
    expect(await dates()).toEqual(['2030-01-02', '2030-01-01']);
  });

  it('sweeps out what a killed update left half written', async () => {
    await put('2030-01-01');
    writeFileSync(join(paths.folder, 'current.facts.123.tmp'), 'half');
    await put('2030-01-02');
    expect(readdirSync(paths.folder).sort()).toEqual(['current.facts', 'previous.facts']);
  });
});

describe('replaceFiles', () => {
  it('changes none where one cannot be written', async () => {
    const one = join(state, 'one');
    writeFileSync(one, 'old');
    const missing = join(state, 'none', 'two');
    await expect(replaceFiles([{ path: one, content: 'new' }, { path: missing, content: 'new' }])).rejects.toMatchObject({ code: 'state-unwritable', exitCode: 3, message: `${missing}: cannot be written (ENOENT)` });
    expect(readFileSync(one, 'utf8')).toBe('old');
    expect(readdirSync(state)).toEqual(['one']);
  });

  it('does not follow a link that someone put at the name of its temporary file', async () => {
    const path = join(state, 'one');
    const victim = join(state, 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, `${path}.${process.pid}.tmp`);
    await expect(replaceFiles([{ path, content: 'new' }])).rejects.toMatchObject({ code: 'state-unwritable' });
    expect(existsSync(path)).toBe(false);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
  });
});

describe('the registry in force', () => {
  const embedded = loadEmbeddedRegistry();
  const open = async (): Promise<{ source: string; warnings: Problem[] }> => {
    const warnings: Problem[] = [];
    const { source } = await openInForce(paths, (problem) => warnings.push(problem));
    return { source, warnings };
  };

  it('is the embedded one where nothing was updated, and nothing is written to find that out', async () => {
    expect(await open()).toEqual({ source: 'embedded', warnings: [] });
    expect(readdirSync(state)).toEqual([]);
  });

  it('is the updated one from the same date on', async () => {
    await put(embedded.updated);
    expect(await open()).toEqual({ source: paths.current, warnings: [] });
    await put('2020-01-01');
    expect(await open()).toEqual({ source: 'embedded', warnings: [] });
    expect((await readInForce(paths)).snapshot?.registry.updated).toBe('2020-01-01');
  });

  it('is an older one that was forced, until another embedded one comes', async () => {
    await put('2020-01-01', { forcedOver: embedded.updated });
    expect((await open()).source).toBe(paths.current);
    await put('2020-01-01', { forcedOver: '2025-01-01' });
    expect((await open()).source).toBe('embedded');
  });

  it.each([
    ['altered', (text: string) => text.replace('ssh', 'hss')],
    ['cut', (text: string) => text.slice(0, 200)],
    ['foreign', () => 'Service Name,Port Number\n'],
    ['empty', () => ''],
    ['binary', () => '\0\0\0'],
  ])('is the embedded one where the file is %s, which is set aside and told once', async (_, damage) => {
    await put('2030-01-01');
    writeFileSync(paths.current, damage(readFileSync(paths.current, 'utf8')));
    const { source, warnings } = await open();
    expect(source).toBe('embedded');
    expect(warnings).toEqual([expect.objectContaining({ level: 'warning', position: { file: paths.current, line: null, column: null } })]);
    expect(warnings[0]!.message).toContain(`it was set aside as ${paths.current}.damaged; the embedded registry of ${embedded.updated} is used`);
    expect(readdirSync(paths.folder)).toEqual(['current.facts.damaged']);
    expect(await open()).toEqual({ source: 'embedded', warnings: [] });
  });

  it('is the embedded one where a folder stands in its place', async () => {
    mkdirSync(paths.current, { recursive: true });
    expect((await open()).warnings[0]!.message).toContain('this is a directory');
  });

  it('leaves a damaged file where it is while an update is under way', async () => {
    await put('2030-01-01');
    writeFileSync(paths.current, 'x');
    writeFileSync(paths.lock, `${process.pid} -\n`);
    const { source, warnings } = await open();
    expect(source).toBe('embedded');
    expect(warnings[0]!.message).not.toContain('set aside');
    expect(readdirSync(paths.folder).sort()).toEqual(['current.facts', 'update.lock']);
  });

  it.skipIf(process.getuid?.() === 0)('warns of a file that this user may not read, and leaves it alone', async () => {
    await put('2030-01-01');
    chmodSync(paths.current, 0);
    const { source, warnings } = await open();
    expect(source).toBe('embedded');
    expect(warnings[0]!.message).toContain('cannot be read (EACCES); the embedded registry');
    expect(readdirSync(paths.folder)).toEqual(['current.facts']);
  });
});
