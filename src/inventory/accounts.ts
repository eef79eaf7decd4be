import { readFileSync } from 'node:fs';

/** Names of uids, as a local file knows them. */
export type UserNames = (uid: number) => string | null;

/**
 * Reads the user names of a passwd(5) file, when the first is asked for. Directory services are not asked: a look-up there can
 * block for minutes, and an audit must not depend on the network. Where two accounts share a uid the first one counts, as in
 * getpwuid(3).
 * @returns a look-up that knows no one where the file cannot be read
 */
export function readUserNames(path: string): UserNames {
  let names: ReadonlyMap<number, string> | null = null;
  return (uid) => (names ??= parsePasswd(readPasswd(path))).get(uid) ?? null;
}

function readPasswd(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The number alone is shown.
    return '';
  }
}

export function parsePasswd(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':', 3);
    if (name === undefined || name === '' || uid === undefined || !/^\d{1,10}$/.test(uid)) continue;
    if (!names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}
