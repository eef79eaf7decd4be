import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeMetricsFile } from '../../src/daemon/metrics-file.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-metrics-'));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

describe('writeMetricsFile', () => {
  it('replaces the file, readable by the collector whatever the umask, and leaves nothing beside it', async () => {
    const path = join(folder, 'portreeve.prom');
    const umask = process.umask(0o077);
    await writeMetricsFile(path, 'one 1\n');
    process.umask(umask);
    await writeMetricsFile(path, 'two 2\n');
    expect(readFileSync(path, 'utf8')).toBe('two 2\n');
    expect(statSync(path).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['portreeve.prom']);
  });

  it('follows no link that someone put there, neither of its own name nor of the temporary one', async () => {
    const victim = join(folder, 'victim');
    const path = join(folder, 'portreeve.prom');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, path);
    symlinkSync(victim, `${path}.tmp`);
    await writeMetricsFile(path, 'one 1\n');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readFileSync(path, 'utf8')).toBe('one 1\n');
  });

  it('says which file cannot be written, and leaves no half of it', async () => {
    const missing = join(folder, 'none', 'portreeve.prom');
    await expect(writeMetricsFile(missing, '')).rejects.toMatchObject({ code: 'output-unwritable', message: `${missing}: the metrics cannot be written (ENOENT)` });
    const taken = join(folder, 'taken.prom');
    mkdirSync(taken);
    await expect(writeMetricsFile(taken, 'x')).rejects.toMatchObject({ code: 'output-unwritable', message: `${taken}: the metrics cannot be written (EISDIR)` });
    expect(existsSync(`${taken}.tmp`)).toBe(false);
  });
});
