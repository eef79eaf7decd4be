import { open, readFile, rm, stat } from 'node:fs/promises';
import { PortreeveError } from '../model/errors.ts';
import { isAlive, startOfProcess } from '../model/process-life.ts';
import { unwritable } from '../model/replace-file.ts';

/** Longer than any update may take: a holder of this age is a pid that another process has now. */
const STALE_MS = 2 * 60 * 60 * 1000;
/** A lock without content is one that is being written, or whose writer was killed in between. */
const EMPTY_STALE_MS = 10_000;

/**
 * Runs an action while no other process runs one on the same lock file. A lock whose holder is gone is taken over. Two
 * who find the same dead holder in the same instant could both go on: the lock spares work and confusion, and what keeps
 * the files whole is that each is replaced by one rename.
 * @throws PortreeveError `state-busy` where another process holds it, `state-unwritable`
 */
export async function withUpdateLock<T>(path: string, action: () => Promise<T>): Promise<T> {
  await takeLock(path);
  try {
    return await action();
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

async function takeLock(path: string): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const handle = await open(path, 'wx', 0o644);
      try {
        await handle.writeFile(`${process.pid} ${startOfProcess(process.pid) ?? '-'}\n`);
      } catch (cause) {
        await rm(path, { force: true });
        throw cause;
      } finally {
        await handle.close();
      }
      return;
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw unwritable(path, cause);
      const holder = await findHolder(path);
      if (holder !== null || attempt > 0) {
        throw new PortreeveError('state-busy', `another update is under way (${holder === null ? '' : `process ${holder}, `}${path})`, { hint: 'Wait for it to end, and try again.' });
      }
      await rm(path, { force: true });
    }
  }
}

/** The pid that holds a lock, or null where nobody does any more. */
async function findHolder(path: string): Promise<number | null> {
  try {
    const [content, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    const age = Date.now() - mtimeMs;
    const match = /^(\d{1,10}) (\d{1,20}|-)\n$/.exec(content);
    if (match === null) return age < EMPTY_STALE_MS ? 0 : null;
    const pid = Number(match[1]);
    if (age > STALE_MS || !isAlive(pid)) return null;
    // The same pid, started at another time, is another process.
    const started = startOfProcess(pid);
    return match[2] === '-' || started === null || started === match[2] ? pid : null;
  } catch {
    return null;
  }
}
