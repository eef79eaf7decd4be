import { readdirSync, readlinkSync } from 'node:fs';

/** Where the link of a descriptor to a socket leads: its inode. */
const SOCKET_LINK = /^socket:\[(\d{1,15})\]$/;
/** A process may have more descriptors than can be read in one go. */
const AT_ONCE = 1000;

/** `ReadSocketLinks` by means of Node alone. */
export function* readSocketLinks(folder: string, take: (descriptor: number, inode: number) => void): Generator<undefined, boolean> {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return !isForbidden(error);
  }
  let readable = true;
  for (const [index, name] of names.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) yield;
    try {
      const inode = SOCKET_LINK.exec(readlinkSync(`${folder}/${name}`))?.[1];
      if (inode !== undefined) take(Number(name), Number(inode));
    } catch (error) {
      if (isForbidden(error)) readable = false;
    }
  }
  return readable;
}

function isForbidden(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EACCES' || code === 'EPERM';
}
