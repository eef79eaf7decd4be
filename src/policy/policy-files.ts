import { isUtf8 } from 'node:buffer';
import { constants, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../model/errors.ts';
import { createProblemLog, type ProblemLog } from './problem-log.ts';

/** Ten times what 5,000 rules take. */
const LARGEST_FILE = 4 * 1024 * 1024;

export interface PolicySource {
  readonly file: string;
  readonly text: string;
}

export interface PolicySources {
  readonly sources: readonly PolicySource[];
  readonly problems: readonly Problem[];
}

/**
 * Reads the policy files that the paths stand for: a file, or a folder with its `*.yaml` and `*.yml` sorted by name
 * (rule tests, `*.test.yaml`, and hidden files left out, as a shell's `*` does), of which there must be one. What cannot
 * be read is a problem, never an exception; a FIFO or a device is not waited for.
 */
export async function readPolicyPaths(paths: readonly string[]): Promise<PolicySources> {
  const sources: PolicySource[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    const log = createProblemLog(path, 'unreadable');
    const files = await listFiles(path, log);
    problems.push(...log.problems);
    for (const file of files) {
      const fileLog = createProblemLog(file, 'unreadable');
      const text = await readTextFile(file, fileLog);
      problems.push(...fileLog.problems);
      if (text !== null) sources.push({ file, text });
    }
  }
  return { sources, problems };
}

async function listFiles(path: string, log: ProblemLog): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter(isPolicyName).sort();
    if (names.length === 0) log.error(null, 'this folder holds no policy file (*.yaml, *.yml)');
    return names.map((name) => join(path, name));
  } catch (error) {
    log.error(null, ...describeFailure(error));
    return [];
  }
}

/** Whether a file of this name in a folder of policies is one. */
export function isPolicyName(name: string): boolean {
  return /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name) && !name.startsWith('.');
}

/** Text of one regular file of UTF-8, at most 4 MiB; null where that is not what is there, which is logged. */
export async function readTextFile(file: string, log: ProblemLog): Promise<string | null> {
  try {
    // O_NONBLOCK: opening a FIFO would otherwise wait for a writer (open(2)).
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) {
        log.error(null, stats.isDirectory() ? 'this is a folder, not a policy file' : 'this is not a regular file');
        return null;
      }
      const bytes = stats.size > LARGEST_FILE ? null : await readAtMost(handle, LARGEST_FILE);
      if (bytes !== null) return decodeText(bytes, log);
      log.error(null, `the file is larger than ${LARGEST_FILE / 1024 / 1024} MiB`, 'Split it into several files.');
      return null;
    } finally {
      await handle.close();
    }
  } catch (error) {
    log.error(null, ...describeFailure(error));
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

function describeFailure(error: unknown): [message: string, hint: string | null] {
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
