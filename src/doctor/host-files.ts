import { accessSync, closeSync, constants, existsSync, openSync, readdirSync, readlinkSync, readSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is read of any file. Bytes. */
const READ_LIMIT = 65_536;

/** Files of the host that is looked at. Whatever cannot be read is as good as not there; nothing here throws. */
export interface HostFiles {
  text(path: string): string | null;
  link(path: string): string | null;
  exists(path: string): boolean;
  names(path: string): readonly string[];
  /** Null where that folder, or the nearest one above that there is, can be written to; else the code of the error. */
  refusesWriting(path: string): string | null;
  /** Bytes that the file system of that folder, or of the nearest one above, has left. */
  freeBytes(path: string): number | null;
}

/** @param root put before every path: a test's own host */
export function openHostFiles(root = '/'): HostFiles {
  const at = (path: string): string => join(root, path);
  const attempt = <T>(read: () => T): T | null => {
    try {
      return read();
    } catch {
      return null;
    }
  };
  const nearest = (path: string): string => {
    let folder = path;
    while (folder !== dirname(folder) && !existsSync(at(folder))) folder = dirname(folder);
    return at(folder);
  };
  return {
    text: (path) => attempt(() => readStart(at(path))),
    link: (path) => attempt(() => readlinkSync(at(path))),
    exists: (path) => existsSync(at(path)),
    names: (path) => attempt(() => readdirSync(at(path))) ?? [],
    refusesWriting(path) {
      try {
        accessSync(nearest(path), constants.W_OK | constants.X_OK);
        return null;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? 'unknown';
      }
    },
    freeBytes: (path) =>
      attempt(() => {
        const { bavail, bsize } = statfsSync(nearest(path));
        return bavail * bsize;
      }),
  };
}

function readStart(path: string): string {
  // A FIFO put in the place of a file must not hold the doctor up.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.allocUnsafe(READ_LIMIT);
    let length = 0;
    for (;;) {
      const read = readSync(fd, bytes, length, READ_LIMIT - length, null);
      length += read;
      if (read === 0 || length === READ_LIMIT) return bytes.toString('latin1', 0, length);
    }
  } finally {
    closeSync(fd);
  }
}
