import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startOfProcess } from '../../src/model/process-life.ts';
import { lockStateDir } from '../../src/state/lock-state-dir.ts';
import { useFolder } from '../fixtures/use-folder.ts';

const folder = useFolder();
const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
const claim = (pid: number, start: string | null, itsBoot = boot): void => { writeFileSync(join(folder.path, `daemon.${pid}.${start ?? '-'}.${itsBoot}.lock`), ''); };
const claims = (): string[] => readdirSync(folder.path).map((name) => name.split('.')[1]!);
/** Its parent: a process that is there for as long as the test is. */
const other = process.ppid;

describe('lockStateDir', () => {
  it('steps back from a claim of a living process, and leaves it', async () => {
    claim(other, startOfProcess(other));
    await expect(lockStateDir(folder.path)).rejects.toMatchObject({ code: 'daemon-running', message: `another daemon uses ${folder.path} (process ${other})` });
    expect(claims()).toEqual([String(other)]);
  });

  it.each([
    ['an earlier process with the pid of one that runs', () => { claim(other, '1'); }],
    ['a process from before the boot', () => { claim(other, startOfProcess(other), '00000000'); }],
    ['a process that is not there', () => { claim(4_194_305, '12345'); }],
  ])('takes over from %s', async (_, lay) => {
    lay();
    const lock = await lockStateDir(folder.path);
    expect(lock.problem).toBeNull();
    expect(claims()).toEqual([String(process.pid)]);
    await lock.release();
    expect(claims()).toEqual([]);
  });

  it('says why where the directory cannot be written, and stops nothing', async () => {
    writeFileSync(join(folder.path, 'file'), '');
    const dir = join(folder.path, 'file', 'state');
    const lock = await lockStateDir(dir);
    expect(lock.problem).toBe(`${dir}: cannot be written (ENOTDIR)`);
    await lock.release();
  });
});
