import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import { replaceFiles, TEMPORARY_SUFFIX } from '../model/replace-file.ts';
import { codeOf } from './error-code.ts';
import { pruneAside, setAside, type AsideReason } from './set-aside.ts';

/** What a state file holds beside what was saved: `portreeve/state/v1`. */
export interface SavedState {
  readonly schema: 'portreeve/state/v1';
  /** ISO 8601. */
  readonly savedAt: string;
  readonly [key: string]: unknown;
}

export interface StateFile {
  /**
   * What was saved last, or null where nothing usable was. A file that is torn, foreign, of a later version or not
   * readable is set aside under a dated name. Its values are whatever the file says: to be checked by who takes them.
   */
  load(): Promise<SavedState | null>;
  /**
   * Replaces the file: after a crash or a power cut the old state is there whole, or the new one. While one is being
   * saved, only the newest of those that follow is. Never fails: see `status`.
   */
  save(state: Readonly<Record<string, unknown>>): Promise<void>;
  /** What `load` found wrong, and why the last save failed; each null where nothing was. */
  status(): { readonly problem: string | null; readonly error: string | null };
}

export interface StateFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SCHEMA = 'portreeve/state/v1';
/** Far beyond what the most alerts take. */
const MOST_BYTES = 64 << 20;
const MOST_ASIDE = { files: 5, bytes: MOST_BYTES };

/**
 * The file for what the daemon knows and no event tells alone. Two lines: one of JSON, and the SHA-256 of it. Mode 0600:
 * it names users, paths and command lines.
 */
export function openStateFile({ path, clock, logger }: StateFileOptions): StateFile {
  let problem: string | null = null;
  let error: string | null = null;
  let running: Promise<void> | null = null;
  let next: Readonly<Record<string, unknown>> | null = null;

  const write = async (state: Readonly<Record<string, unknown>>): Promise<void> => {
    try {
      const head = { schema: SCHEMA, savedAt: clock.now().toISOString() };
      const line = JSON.stringify({ ...head, ...state, ...head });
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await replaceFiles([{ path, content: `${line}\n${checksumOf(line)}\n` }], 0o600);
      if (error !== null) logger.info('the state can be saved again', { file: path });
      error = null;
    } catch (cause) {
      const message = cause instanceof PortreeveError ? cause.message : `${path}: cannot be written (${codeOf(cause)})`;
      if (error === null) logger.error('the state cannot be saved; after a restart, what is open may be told again', { file: path, error: message });
      error = message;
    }
  };

  const writeAll = async (first: Readonly<Record<string, unknown>>): Promise<void> => {
    for (let state: typeof next = first; state !== null; state = next) {
      next = null;
      await write(state);
    }
    running = null;
  };

  return {
    async load() {
      await removeLeftovers(path);
      const found = await readState(path);
      if (found === null || 'state' in found) return found?.state ?? null;
      try {
        problem = `${path} ${found.what}; it was set aside as ${await setAside(path, found.reason, clock)}`;
      } catch (cause) {
        problem = `${path} ${found.what}, and cannot be set aside (${codeOf(cause)})`;
      }
      await pruneAside(path, MOST_ASIDE);
      logger.warning('the saved state cannot be used', { problem });
      return null;
    },
    save(state) {
      if (running !== null) {
        next = state;
        return running;
      }
      running = writeAll(state);
      return running;
    },
    status: () => ({ problem, error }),
  };
}

/**
 * What a daemon saved last, for who only looks: nothing is moved, made or locked.
 * @returns null where there is nothing usable, for whatever reason. Its values are to be checked, as those of `load`
 */
export async function peekState(path: string): Promise<SavedState | null> {
  const found = await readState(path);
  return found !== null && 'state' in found ? found.state : null;
}

function checksumOf(line: string): string {
  return `sha256:${createHash('sha256').update(line).digest('hex')}`;
}

/** What a process that was killed while saving left behind. */
async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(dirname(path)).catch(() => []);
  const leftovers = names.filter((name) => name.startsWith(`${basename(path)}.`) && /^\d+$/.test(name.slice(basename(path).length + 1, -TEMPORARY_SUFFIX.length)) && name.endsWith(TEMPORARY_SUFFIX));
  for (const name of leftovers) await rm(join(dirname(path), name), { force: true }).catch(() => undefined);
}

interface Fault {
  readonly reason: AsideReason;
  readonly what: string;
}

async function readState(path: string): Promise<{ readonly state: SavedState } | Fault | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) return { reason: 'foreign', what: 'is not a regular file' };
      if (found.size > MOST_BYTES) return { reason: 'foreign', what: 'is too large to be a saved state' };
      return parseState(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const code = codeOf(cause);
    if (code === 'ENOENT') return null;
    return code === 'ELOOP' ? { reason: 'foreign', what: 'is a symbolic link' } : { reason: 'unreadable', what: `cannot be read (${code})` };
  }
}

function parseState(text: string): { readonly state: SavedState } | Fault {
  const end = text.indexOf('\n');
  const line = text.slice(0, end);
  const isWhole = end !== -1 && text.slice(end + 1) === `${checksumOf(line)}\n`;
  // The version first: a later one may seal in another way.
  const version = /^\{"schema":"portreeve\/state\/v(\d{1,6})"/.exec(text)?.[1];
  if (version === undefined) return { reason: 'foreign', what: 'is not a saved state' };
  if (version !== '1') return { reason: 'newer', what: `was written by a later version (portreeve/state/v${version})` };
  if (!isWhole) return { reason: 'torn', what: 'is not whole' };
  try {
    return { state: JSON.parse(line) as SavedState };
  } catch {
    return { reason: 'foreign', what: 'is not JSON' };
  }
}
