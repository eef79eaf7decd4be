import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { PortreeveError } from '../model/errors.ts';

/** A file of ours is a few kilobytes; what is longer was made by somebody else. */
const LARGEST_FILE = 1 << 20;

/** What is at a path: nothing, a file with its text, or something else (a link, a folder, a file too large to be ours). */
export type HostFile = { readonly kind: 'missing' } | { readonly kind: 'file'; readonly text: string } | { readonly kind: 'other' };

/** The host that is installed into, or taken from. */
export interface HostFiles {
  /** Where a path of that host lies for us; with a root folder, never outside it. */
  locate(path: string): string;
  read(path: string): HostFile;
  /** Names in a folder; null where there is none. */
  list(path: string): readonly string[] | null;
}

/**
 * @param root folder that stands for `/`, or the empty text
 * @throws PortreeveError `service-failed` from each call, where something may not be read or leads out of the root
 */
export function openHostFiles(root: string): HostFiles {
  const base = root === '' ? '' : realpathSync(root);
  const locate = (path: string): string => {
    const place = join(base, path);
    if (base !== '' && !isInside(base, deepest(dirname(place)))) {
      throw new PortreeveError('service-failed', `${place}: a link on the way leads out of ${base}`, { hint: 'Install from inside the image instead (chroot, or systemd-nspawn).' });
    }
    return place;
  };
  return {
    locate,
    read: (path) =>
      attempt<HostFile>(locate(path), { kind: 'missing' }, (place) => {
        const stats = lstatSync(place);
        return stats.isFile() && stats.size <= LARGEST_FILE ? { kind: 'file', text: readFileSync(place, 'utf8') } : { kind: 'other' };
      }),
    list: (path) => attempt(locate(path), null, (place) => (lstatSync(place).isDirectory() ? readdirSync(place) : null)),
  };
}

function attempt<T>(place: string, missing: T, look: (place: string) => T): T {
  try {
    return look(place);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return missing;
    throw new PortreeveError('service-failed', `${place}: cannot be read (${code ?? String(cause)})`, { hint: 'Run it as root.', cause });
  }
}

/** The part of a path that is there, its links followed. */
function deepest(folder: string): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(folder);
    // A link that leads nowhere is there too, and what is made below it would be made wherever it leads.
    if (code !== 'ENOENT' || parent === folder || lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() === true) return '';
    return deepest(parent);
  }
}

function isInside(base: string, path: string): boolean {
  if (path === '') return false;
  const way = relative(base, path);
  return way !== '..' && !way.startsWith(`..${sep}`);
}
