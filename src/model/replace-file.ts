import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PortreeveError } from './errors.ts';

/** Ends the names of what a killed write leaves behind. */
export const TEMPORARY_SUFFIX = '.tmp';

/** A file of the folder, and what it is to hold. */
export interface Replacement {
  readonly path: string;
  readonly content: string;
}

/**
 * Replaces files of one folder, or makes them, in the order given. Whoever reads one at any moment, and whoever starts
 * after a crash or a power cut, finds the old content whole or the new: rename(2), with an fsync of the file before it and
 * of the folder behind it. All are written before the first is renamed, so that a full disk changes none. The mode is that
 * of the new files, less the umask.
 * @throws PortreeveError `state-unwritable`
 */
export async function replaceFiles(replacements: readonly Replacement[], mode = 0o644): Promise<void> {
  const written: string[] = [];
  let at = '';
  try {
    for (const { path, content } of replacements) {
      at = path;
      const temporary = temporaryOf(path);
      written.push(temporary);
      await writeWhole(temporary, content, mode);
    }
    for (const { path } of replacements) {
      at = path;
      await rename(temporaryOf(path), path);
    }
  } catch (cause) {
    await Promise.all(written.map((temporary) => rm(temporary, { force: true }).catch(() => undefined)));
    throw unwritable(at, cause);
  }
  for (const folder of new Set(replacements.map(({ path }) => dirname(path)))) await syncFolder(folder);
}

/** A name beside a file for what is not ready yet. */
export function temporaryOf(path: string): string {
  return `${path}.${process.pid}${TEMPORARY_SUFFIX}`;
}

async function writeWhole(path: string, content: string, mode: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the renames in a folder last over a power cut. Systems that cannot open a folder keep them by themselves. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unwritable(folder, cause);
  }
}

const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

export function unwritable(path: string, cause: unknown): PortreeveError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return NO_ROOM.has(code)
    ? new PortreeveError('state-unwritable', `${path}: there is no room to write it (${code})`, { hint: 'Free some space (a megabyte is enough), or name another folder with --state-dir.', cause })
    : new PortreeveError('state-unwritable', `${path}: cannot be written (${code})`, { hint: 'Run it as root, or name a folder of your own with --state-dir.', cause });
}
