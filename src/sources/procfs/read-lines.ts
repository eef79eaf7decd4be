import { closeSync, openSync, readSync } from 'node:fs';

const CHUNK = 65_536;

/**
 * Reads a file of /proc by whole lines, a chunk at a time; `take` returns false to stop. Synchronous: files of
 * /proc/net belong to the network namespace of the calling thread, and cost microseconds.
 */
export function readLines(path: string, take: (lines: readonly string[]) => boolean): void {
  const fd = openSync(path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(CHUNK);
    let rest = '';
    for (;;) {
      const length = readSync(fd, chunk, 0, CHUNK, null);
      if (length === 0) break;
      // /proc/net is ASCII; latin1 keeps a stray byte from joining two rows.
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
      rest = lines.pop() ?? '';
      if (!take(lines)) return;
    }
    if (rest !== '') take([rest]);
  } finally {
    closeSync(fd);
  }
}
