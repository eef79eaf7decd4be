import { readdirSync, readFileSync } from 'node:fs';
import { createFolderResolver } from './resolve-folder.ts';

/** Which packages the wanted files belong to. */
export interface DpkgAnswer {
  /** By path; a file of no package is absent. */
  readonly packages: ReadonlyMap<string, string>;
  /** Every list was read, so that what is absent belongs to none. */
  readonly complete: boolean;
}

/**
 * Asks dpkg's database (`/var/lib/dpkg/info/*.list`, one path a line) for the packages of some files. One pass over all
 * lists, comparing last names first: 45 ms for 900 packages with 126,000 files, however many files are wanted.
 *
 * A list says where the package was told to put a file. Where that ended up is another matter: `/bin` may be a link to
 * `/usr/bin`, so folders are compared by what they resolve to; and a diversion puts another package's file elsewhere
 * (dpkg-divert(1)).
 * @param root folder that stands for `/`
 * @param wanted absolute paths without links in them, as /proc/<pid>/exe has them
 * @returns null where there is no such database
 */
export function findDpkgOwners(root: string, wanted: ReadonlySet<string>): DpkgAnswer | null {
  const folder = `${root}/var/lib/dpkg/info`;
  const lists = listNames(folder);
  if (lists.length === 0) return null;
  const diversions = parseDiversions(readText(`${root}/var/lib/dpkg/diversions`) ?? '');
  const names = namesToLookFor(wanted, diversions);
  const resolve = createFolderResolver(root);
  const packages = new Map<string, string>();
  let complete = true;
  for (const list of lists) {
    const text = readText(`${folder}/${list}`);
    if (text === null) complete = false;
    // `libc6:amd64.list`: the architecture is no part of the name.
    const name = list.slice(0, -'.list'.length).replace(/:.*$/, '');
    for (const listed of linesNamed(text ?? '', names)) {
      const diversion = diversions.get(listed);
      const placed = resolve(diversion === undefined || diversion.by === name ? listed : diversion.to);
      if (wanted.has(placed) && !packages.has(placed)) packages.set(placed, name);
    }
  }
  return { packages, complete };
}

/** Whether there is a database to ask. */
export function hasDpkg(root: string): boolean {
  return listNames(`${root}/var/lib/dpkg/info`).length > 0;
}

export interface Diversion {
  readonly to: string;
  /** Package whose own file stays at the place; `:` where an administrator diverted all of them. */
  readonly by: string;
}

/** Reads `/var/lib/dpkg/diversions`: three lines each, the path, where to, and by which package. */
export function parseDiversions(text: string): ReadonlyMap<string, Diversion> {
  const lines = text.split('\n');
  const diversions = new Map<string, Diversion>();
  for (let index = 0; index + 2 < lines.length; index += 3) {
    const [from = '', to = '', by = ''] = lines.slice(index, index + 3);
    if (by !== '') diversions.set(from, { to, by });
  }
  return diversions;
}

function namesToLookFor(wanted: ReadonlySet<string>, diversions: ReadonlyMap<string, Diversion>): ReadonlySet<string> {
  const names = new Set([...wanted].map(lastName));
  const diverted = [...diversions].filter(([, { to }]) => names.has(lastName(to))).map(([from]) => lastName(from));
  return new Set([...names, ...diverted]);
}

function* linesNamed(text: string, names: ReadonlySet<string>): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (names.has(text.slice(text.lastIndexOf('/', end - 1) + 1, end))) yield text.slice(start, end);
    start = end + 1;
  }
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.list'));
  } catch {
    return [];
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
