import { lstat, readdir, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../model/clock.ts';

/** Why something is not used where it lies: its name says so afterwards. */
export type AsideReason = 'torn' | 'foreign' | 'newer' | 'unreadable';

const ASIDE = /\.(?:torn|foreign|newer|unreadable)-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ(?:\.\d+)?)$/;

/** A free name beside a file: `state.json.torn-2026-11-22T07-47-56Z`. */
export async function asideName(path: string, reason: AsideReason, clock: Clock): Promise<string> {
  const stamp = `${clock.now().toISOString().slice(0, 19).replaceAll(':', '-')}Z`;
  for (let number = 1; ; number += 1) {
    const name = `${path}.${reason}-${stamp}${number === 1 ? '' : `.${number}`}`;
    if ((await lstat(name).catch(() => null)) === null) return name;
  }
}

/**
 * Moves what cannot be used out of the way, whatever it is, and gives its new path: nothing that someone may want to look
 * into is emptied or overwritten.
 * @throws Error of the system where it cannot be moved
 */
export async function setAside(path: string, reason: AsideReason, clock: Clock): Promise<string> {
  const aside = await asideName(path, reason, clock);
  await rename(path, aside);
  return aside;
}

/**
 * Deletes the oldest of what was set aside beside a file (those whose name starts like it), so that a fault that comes
 * back at every start does not fill the disk. The newest stays, and a folder that stood in the place of a file.
 */
export async function pruneAside(pathStart: string, most: { readonly files: number; readonly bytes: number }): Promise<void> {
  const folder = dirname(pathStart);
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(basename(pathStart)) && ASIDE.test(name));
  const byAge = names.sort((one, other) => (ASIDE.exec(other)?.[1] ?? '').localeCompare(ASIDE.exec(one)?.[1] ?? '', 'en', { numeric: true }));
  let bytes = 0;
  let files = 0;
  for (const name of byAge) {
    const found = await lstat(join(folder, name)).catch(() => null);
    if (found === null || found.isDirectory()) continue;
    bytes += found.size;
    files += 1;
    if (files > most.files || (files > 1 && bytes > most.bytes)) await unlink(join(folder, name)).catch(() => undefined);
  }
}
