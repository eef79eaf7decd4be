import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { PortreeveError } from '../model/errors.ts';
import { isAlive, startOfProcess } from '../model/process-life.ts';
import { unwritable } from '../model/replace-file.ts';

export interface StateLock {
  /** Why the directory could not be locked, which is where it cannot be written either; null where it is. */
  readonly problem: string | null;
  release(): Promise<void>;
}

const CLAIM = /^daemon\.([1-9]\d{0,9})\.(\d{1,20}|-)\.([0-9a-f]{8}|-)\.lock$/;
const ATTEMPTS = 3;

/**
 * Sees to it that one daemon uses a state directory. Each lays down a file that bears its pid, its start and the boot in
 * its name, and stays where it finds no other that is alive. So nobody ever removes a lock that someone else may hold, and
 * the file of a dead process is known for what it is. Two that start in the same moment see each other, both step back,
 * and try again after an uneven while.
 * @throws PortreeveError `daemon-running`
 */
export async function lockStateDir(dir: string): Promise<StateLock> {
  const boot = await bootId();
  const own = `daemon.${process.pid}.${startOfProcess(process.pid) ?? '-'}.${boot}.lock`;
  const path = join(dir, own);
  const release = (): Promise<void> => rm(path, { force: true }).catch(() => undefined);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await (await open(path, 'w', 0o600)).close();
    } catch (cause) {
      return { problem: unwritable(dir, cause).message, release };
    }
    const holder = await findHolder(dir, own, boot);
    if (holder === null) return { problem: null, release };
    await release();
    if (attempt === ATTEMPTS) {
      throw new PortreeveError('daemon-running', `another daemon uses ${dir} (process ${holder})`, { hint: 'Ask it with portreeve status, stop it with systemctl stop portreeve, or name another folder with --state-dir.' });
    }
    await wait(20 + Math.random() * 180);
  }
}

/** The pid of a living process that claims the directory too, or null; claims of the dead are removed. */
async function findHolder(dir: string, own: string, boot: string): Promise<number | null> {
  for (const name of await readdir(dir)) {
    const [, pid, start, itsBoot] = CLAIM.exec(name) ?? [];
    if (pid === undefined || name === own) continue;
    const startNow = startOfProcess(Number(pid));
    const isOther = itsBoot !== boot || (start !== '-' && startNow !== null && startNow !== start);
    if (!isOther && isAlive(Number(pid))) return Number(pid);
    await rm(join(dir, name), { force: true }).catch(() => undefined);
  }
  return null;
}

/** random(4): another at every boot; `-` where it is not known. */
export async function bootId(): Promise<string> {
  const id = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '');
  return /^[0-9a-f]{8}/.exec(id)?.[0] ?? '-';
}
