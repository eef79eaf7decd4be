import { link, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PortreeveError } from '../model/errors.ts';

/** Names of users and paths: not for everyone's eyes. */
const NEW_FILE_MODE = 0o600;

/**
 * Writes a file that must not be there yet, whole or not at all, readable by its owner alone.
 * @throws PortreeveError `output-unwritable` where something is there already, or where it cannot be written
 */
export async function createFile(path: string, text: string): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeWhole(temporary, text, NEW_FILE_MODE, null);
    // link(2) fails where the name is taken, even by a symbolic link to nowhere, and nobody can come in between.
    await link(temporary, path);
    await syncFolder(path);
  } catch (cause) {
    throw describeFailure(path, cause);
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Replaces a file, or makes it, so that whoever reads it at any moment finds the old text or the new one, whole. Its
 * permissions and owner stay; a symbolic link stays one, and what it leads to is replaced.
 * @throws PortreeveError `output-unwritable` where it cannot be written
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  let temporary = '';
  try {
    const target = await realpath(path).catch(() => path);
    const before = await stat(target).catch(() => null);
    if (before !== null && !before.isFile()) throw new PortreeveError('output-unwritable', `${path}: this is not a regular file`, { hint: 'name another file with --output' });
    temporary = temporaryBeside(target);
    await writeWhole(temporary, text, before === null ? NEW_FILE_MODE : before.mode & 0o777, before);
    await rename(temporary, target);
    temporary = '';
    await syncFolder(target);
  } catch (cause) {
    throw describeFailure(path, cause);
  } finally {
    if (temporary !== '') await rm(temporary, { force: true });
  }
}

/** Whether something stands at a path, be it a symbolic link to nowhere. */
export async function isTaken(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}

/** Hidden, so that no folder of policies takes it for one. That nobody else has the name is seen to where it is opened. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`);
}

async function writeWhole(path: string, text: string, mode: number, owner: { readonly uid: number; readonly gid: number } | null): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    // A group that the old file had and this user is not in stays away: a lesser right is no harm.
    if (owner !== null) await handle.chown(owner.uid, owner.gid).catch(() => undefined);
    await handle.chmod(mode);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the new name last over a power cut, where the system lets a folder be synced. The file is in its place either way. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(dirname(path), 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function describeFailure(path: string, cause: unknown): Error {
  if (cause instanceof PortreeveError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const [said, hint] = FAILURES.get(code) ?? [`cannot be written (${code === '' ? String(cause) : code})`, 'name another file with --output'];
  return new PortreeveError('output-unwritable', `${path}: ${said}`, { hint, cause });
}

const FAILURES: ReadonlyMap<string, readonly [said: string, hint: string]> = new Map([
  ['EEXIST', ['there is a file already, and it was left as it is', 'name another file, or add --force to replace it']],
  ['ENOENT', ['its folder does not exist', 'make the folder first, or name another file with --output']],
  ['ENOTDIR', ['its folder is not a folder', 'name another file with --output']],
  ['EACCES', ['you may not write there', 'run it as root, or name another file with --output']],
  ['EPERM', ['you may not write there', 'run it as root, or name another file with --output']],
  ['EROFS', ['its file system is read-only', 'name another file with --output']],
  ['ENOSPC', ['there is no room for it', 'free some space and run it again']],
]);
