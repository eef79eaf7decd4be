import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import type { CursorStore, SinkCursor } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { codeOf } from './error-code.ts';

export interface CursorFiles extends CursorStore {
  /** Highest sequence that any sink ever began to send: none up to it may be given to another event. */
  highest(): number;
  /** Writes what is not written, and waits for the disk. */
  close(): Promise<void>;
}

const SUFFIX = '.cursor';
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const UNREADABLE = { generation: 0, cursor: null, isUnreadable: true } as const;
/**
 * A slot: `generation confirmed attempted [closedBy] checksum`, decimal and hexadecimal, filled up with blanks; a line, for
 * people. Files without `closedBy` are read as ever. A program older than it takes a slot that has one for torn, and where
 * both have one, the sink for new, which begins with what happens from then on.
 */
const SLOT = 128;
const FIELDS = /^((\d{1,16}) (\d{1,16}) (\d{1,16})(?: ([0-9a-f]{16}))?) ([0-9a-f]{16}) *\n$/;
const SYNC_MS = 1000;
/** A disk that has not taken a cursor for so long is not waited for. */
const STALL_MS = 1000;
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const WRITE = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What a file holds, or will. */
interface Kept {
  generation: number;
  cursor: SinkCursor | null;
  /** Something was there at the start, and no cursor. */
  readonly isUnreadable: boolean;
  handle: FileHandle | null;
}

type Found = Readonly<Omit<Kept, 'handle'>>;

/**
 * Keeps each sink's cursor in a file of two slots, which are written in turns: a write that is cut off leaves the other,
 * which is one batch older. All are read once; from then on memory has them, and one write at a time is under way, so
 * that a disk that hangs holds up one thread, and no sink for longer than a second. A crash of the process loses nothing
 * that was saved; a power cut may lose the last second, so that some events are sent again.
 */
export async function openCursorStore({ folder, logger }: { readonly folder: string; readonly logger: Logger }): Promise<CursorFiles> {
  const kept = new Map<string, Kept>();
  const names = await listNames(folder);
  for (const name of names ?? []) kept.set(name.slice(0, -SUFFIX.length), { ...(await readCursor(join(folder, name))), handle: null });
  /** Who waits for the next write of a sink's cursor; a sink in it has one to be written. */
  const changed = new Map<string, (() => void)[]>();
  const unsynced = new Set<FileHandle>();
  let writing: Promise<void> | null = null;
  let syncing: Promise<void> | null = null;
  let syncTimer: NodeJS.Timeout | undefined;
  let isStalled = false;
  let isTold = false;

  const tell = (sink: string, error: string): void => {
    if (!isTold) logger.error('the cursor of a sink cannot be saved; after a restart, events may be sent again', { sink, folder, error });
    isTold = true;
  };

  const sync = async (): Promise<void> => {
    for (const handle of unsynced) {
      unsynced.delete(handle);
      // What is lost is sent again.
      await handle.datasync().catch(() => undefined);
    }
    syncing = null;
  };
  const syncSoon = (): void => {
    syncTimer ??= setTimeout(() => {
      syncTimer = undefined;
      syncing ??= sync();
    }, SYNC_MS).unref();
  };

  const openToWrite = async (sink: string): Promise<FileHandle> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return open(join(folder, sink + SUFFIX), WRITE, 0o600);
  };

  const write = async (sink: string): Promise<void> => {
    const file = keptOf(sink);
    try {
      file.handle ??= await openToWrite(sink);
      // Counted when it is written: one that was cut off is written over, and never the other, which is whole.
      const generation = file.generation + 1;
      await file.handle.write(formatSlot(generation, file.cursor ?? { confirmed: 0, attempted: 0 }), 0, SLOT, (generation % 2) * SLOT);
      file.generation = generation;
      unsynced.add(file.handle);
      isTold = false;
      syncSoon();
    } catch (cause) {
      tell(sink, codeOf(cause));
    }
  };

  const writeChanged = async (): Promise<void> => {
    for (let next = firstOf(changed); next !== null; next = firstOf(changed)) {
      const [sink, waiting] = next;
      changed.delete(sink);
      const release = (): void => { for (const resolve of waiting) resolve(); };
      const stall = setTimeout(() => {
        isStalled = true;
        tell(sink, 'the disk does not answer');
        for (const resolve of [...changed.values()].flat()) resolve();
        release();
      }, STALL_MS).unref();
      await write(sink);
      clearTimeout(stall);
      isStalled = false;
      release();
    }
    writing = null;
  };

  function keptOf(sink: string): Kept {
    const known = kept.get(sink);
    if (known !== undefined) return known;
    const fresh = { generation: 0, cursor: null, isUnreadable: names === null, handle: null };
    kept.set(sink, fresh);
    return fresh;
  }

  return {
    load(sink) {
      checkName(sink);
      const { cursor, isUnreadable } = keptOf(sink);
      return cursor ?? (isUnreadable ? 'unreadable' : null);
    },
    save(sink, cursor) {
      checkName(sink);
      keptOf(sink).cursor = cursor;
      const waiting = changed.get(sink) ?? [];
      changed.set(sink, waiting);
      const isWritten = isStalled ? Promise.resolve() : new Promise<void>((resolve) => waiting.push(resolve));
      writing ??= writeChanged();
      return isWritten;
    },
    highest: () => Math.max(0, ...[...kept.values()].map(({ cursor }) => Math.max(cursor?.confirmed ?? 0, cursor?.attempted ?? 0))),
    async close() {
      await writing;
      clearTimeout(syncTimer);
      await syncing;
      await sync();
      for (const { handle } of kept.values()) await handle?.close().catch(() => undefined);
      kept.clear();
    },
  };
}

function firstOf<Key, Value>(map: ReadonlyMap<Key, Value>): readonly [Key, Value] | null {
  const [first] = map;
  return first ?? null;
}

function checkName(sink: string): void {
  if (!NAME.test(sink)) throw new PortreeveError('config-invalid', `${JSON.stringify(sink.slice(0, 80))} cannot name a sink`, { hint: 'use up to 64 letters, digits, - and _' });
}

/** Null where the folder is there and cannot be read. */
async function listNames(folder: string): Promise<readonly string[] | null> {
  try {
    const names = await readdir(folder);
    return names.filter((name) => name.endsWith(SUFFIX) && NAME.test(name.slice(0, -SUFFIX.length)));
  } catch (cause) {
    return codeOf(cause) === 'ENOENT' ? [] : null;
  }
}

function formatSlot(generation: number, { confirmed, attempted, closedBy }: SinkCursor): Buffer {
  const fields = `${generation} ${confirmed} ${attempted}${closedBy === undefined ? '' : ` ${closedBy}`}`;
  return Buffer.from(`${`${fields} ${checksumOf(fields)}`.padEnd(SLOT - 1)}\n`, 'latin1');
}

function checksumOf(fields: string): string {
  return createHash('sha256').update(fields).digest('hex').slice(0, 16);
}

/** The younger of the two slots that are whole. A file that was made and never written is none. */
async function readCursor(path: string): Promise<Found> {
  try {
    const handle = await open(path, READ);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2 * SLOT), 0, 2 * SLOT, 0);
      return bytesRead === 0 ? { ...UNREADABLE, isUnreadable: false } : findYounger(buffer.toString('latin1', 0, bytesRead));
    } finally {
      await handle.close();
    }
  } catch {
    return UNREADABLE;
  }
}

function findYounger(text: string): Found {
  let newest: Found = UNREADABLE;
  for (const start of [0, SLOT]) {
    const [, fields = '', generation, confirmed, attempted, closedBy, checksum] = FIELDS.exec(text.slice(start, start + SLOT)) ?? [];
    if (checksum !== checksumOf(fields) || Number(generation) <= newest.generation) continue;
    newest = { generation: Number(generation), cursor: { confirmed: Number(confirmed), attempted: Number(attempted), closedBy }, isUnreadable: false };
  }
  return newest;
}
