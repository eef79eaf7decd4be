import { isUtf8 } from 'node:buffer';
import type { Stats } from 'node:fs';
import { constants, open, type FileHandle } from 'node:fs/promises';
import type { ProblemLog } from './problem-log.ts';

export interface TextFileOptions {
  /** What it should be, for messages: `a policy file`. */
  readonly what: string;
  /** Bytes at most, whole MiB. */
  readonly most: number;
  /** What to do about a larger one. */
  readonly tooLarge: string;
  /** Told of the file that was opened: no other can take its place in between. */
  readonly inspect?: (stats: Stats) => void;
}

/** Text of one regular file of UTF-8; null where that is not what is there, which is logged. */
export async function readTextFile(file: string, log: ProblemLog, { what, most, tooLarge, inspect }: TextFileOptions): Promise<string | null> {
  try {
    // O_NONBLOCK: opening a FIFO would otherwise wait for a writer (open(2)).
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) {
        log.error(null, stats.isDirectory() ? `this is a folder, not ${what}` : 'this is not a regular file');
        return null;
      }
      inspect?.(stats);
      const bytes = stats.size > most ? null : await readAtMost(handle, most);
      if (bytes !== null) return decodeText(bytes, log);
      log.error(null, `the file is larger than ${most / 1024 / 1024} MiB`, tooLarge);
      return null;
    } finally {
      await handle.close();
    }
  } catch (error) {
    log.error(null, ...describeReadFailure(error));
    return null;
  }
}

/** The whole file, or null where it is longer, whatever size it claims: files of the kernel claim 0. */
async function readAtMost(handle: FileHandle, most: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of handle.createReadStream({ autoClose: false, end: most }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
  }
  return length > most ? null : Buffer.concat(chunks, length);
}

function decodeText(bytes: Buffer, log: ProblemLog): string | null {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  log.error(findBadByte(bytes), 'the file is not UTF-8', isUtf16 ? 'It looks like UTF-16: save it as UTF-8.' : 'Save it as UTF-8.');
  return null;
}

/** Line breaks are single bytes in UTF-8, so the first line that is not UTF-8 by itself has the fault. */
function findBadByte(bytes: Buffer): [line: number, column: number] {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(0x0a); end !== -1 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(0x0a, start)) {
    line++;
    start = end + 1;
  }
  const end = bytes.indexOf(0x0a, start);
  const text = bytes.subarray(start, end === -1 ? bytes.length : end).toString('utf8');
  return [line, text.indexOf('\ufffd') + 1];
}

/** Why a path could not be read, for a person, and what to do about it. */
export function describeReadFailure(error: unknown): [message: string, hint: string | null] {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  switch (code) {
    case 'ENOENT':
      return ['there is no such file or folder', 'Check the spelling of the path.'];
    case 'EACCES':
    case 'EPERM':
      return ['you may not read this', 'Run as a user who may, or change its permissions.'];
    case 'ELOOP':
      return ['this symbolic link leads back to itself', null];
    default:
      return [`this cannot be read (${code === '' ? String(error) : code})`, null];
  }
}
