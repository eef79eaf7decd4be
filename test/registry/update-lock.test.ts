import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withUpdateLock } from '../../src/registry/update-lock.ts';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-lock-'));
  lock = join(folder, 'update.lock');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const take = (): Promise<string> => withUpdateLock(lock, () => Promise.resolve('done'));
const aged = (seconds: number): void => {
  utimesSync(lock, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds);
};
/** Of a process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '0']).pid;

describe('withUpdateLock', () => {
  it('lets one run at a time, and is gone behind it', async () => {
    await withUpdateLock(lock, async () => {
      expect(readFileSync(lock, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
      await expect(take()).rejects.toMatchObject({ code: 'state-busy', exitCode: 3, message: `another update is under way (process ${process.pid}, ${lock})` });
      expect(existsSync(lock)).toBe(true);
    });
    expect(existsSync(lock)).toBe(false);
    expect(await take()).toBe('done');
  });

  it('is given back when the action fails', async () => {
    await expect(withUpdateLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await take()).toBe('done');
  });

  it.each([
    ['of a process that has ended', () => `${deadPid()} 12345\n`, 0],
    ['of an earlier process with the pid of one that runs', () => `${process.pid} 1\n`, 0],
    ['older than any update can take', () => `${process.pid} -\n`, 3 * 3600],
    ['without content, for long', () => '', 60],
    ['with nonsense in it, for long', () => 'x'.repeat(1000), 60],
  ])('takes over a lock %s', async (_, content, age) => {
    writeFileSync(lock, content());
    aged(age);
    expect(await take()).toBe('done');
    expect(existsSync(lock)).toBe(false);
  });

  it.each([
    ['of a process that runs, where its start is not known', `${process.pid} -\n`, 60],
    ['that another is just writing', '', 0],
  ])('respects a lock %s', async (_, content, age) => {
    writeFileSync(lock, content);
    aged(age);
    await expect(take()).rejects.toMatchObject({ code: 'state-busy' });
    expect(existsSync(lock)).toBe(true);
  });

  it('says where it cannot be made', async () => {
    const missing = join(folder, 'none', 'update.lock');
    await expect(withUpdateLock(missing, () => Promise.resolve())).rejects.toMatchObject({ code: 'state-unwritable', message: `${missing}: cannot be written (ENOENT)` });
  });
});
