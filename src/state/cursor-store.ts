import { createHash } from 'node:crypto';
import { closeSync, constants, fdatasync, fdatasyncSync, mkdirSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import type { CursorStore, SinkCursor } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { codeOf } from './error-code.ts';

export interface CursorFiles extends CursorStore {
  /** Highest sequence that any sink ever began to send: none up to it may be given to another event. */
  highest(): number;
  close(): void;
}

const SUFFIX = '.cursor';
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
/** A slot: `generation confirmed attempted checksum`, decimal and hexadecimal, filled up with blanks; a line, for people. */
const SLOT = 128;
const FIELDS = /^(\d{1,16}) (\d{1,16}) (\d{1,16}) ([0-9a-f]{16}) *\n$/;
const SYNC_MS = 1000;

interface Opened {
  readonly fd: number;
  generation: number;
  cursor: SinkCursor | null;
  isDirty: boolean;
}

/**
 * Keeps each sink's cursor in a file of two slots, which are written in turns: a write that is cut off leaves the other,
 * which is one batch older. Nothing waits for the disk, and a crash of the process loses nothing; a power cut may lose the
 * last second, so that some events are sent again.
 */
export function createCursorStore({ folder, logger }: { readonly folder: string; readonly logger: Logger }): CursorFiles {
  const files = new Map<string, Opened>();
  const memory = new Map<string, SinkCursor>();
  let isTold = false;
  let syncing: NodeJS.Timeout | undefined;

  const tell = (sink: string, cause: unknown): void => {
    if (!isTold) logger.error('the cursor of a sink cannot be saved; after a restart, events may be sent again', { sink, folder, error: codeOf(cause) });
    isTold = true;
  };

  const openFile = (sink: string): Opened => {
    const known = files.get(sink);
    if (known !== undefined) return known;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const fd = openSync(join(folder, sink + SUFFIX), constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
    const opened: Opened = { fd, ...readSlots(fd), isDirty: false };
    files.set(sink, opened);
    return opened;
  };

  const syncSoon = (): void => {
    syncing ??= setTimeout(() => {
      syncing = undefined;
      for (const file of files.values()) {
        if (file.isDirty) fdatasync(file.fd, () => undefined);
        file.isDirty = false;
      }
    }, SYNC_MS).unref();
  };

  return {
    load(sink) {
      checkName(sink);
      const known = memory.get(sink);
      if (known !== undefined) return known;
      try {
        return openFile(sink).cursor;
      } catch (cause) {
        if (codeOf(cause) !== 'EROFS') tell(sink, cause);
        return readReadOnly(join(folder, sink + SUFFIX));
      }
    },
    save(sink, cursor) {
      checkName(sink);
      memory.set(sink, cursor);
      try {
        const file = openFile(sink);
        file.generation += 1;
        writeSync(file.fd, formatSlot(file.generation, cursor), 0, SLOT, (file.generation % 2) * SLOT);
        file.isDirty = true;
        isTold = false;
        syncSoon();
      } catch (cause) {
        tell(sink, cause);
      }
    },
    highest() {
      const saved = listNames(folder).map((name) => readReadOnly(join(folder, name)));
      return Math.max(0, ...[...saved, ...memory.values()].map((cursor) => Math.max(cursor?.confirmed ?? 0, cursor?.attempted ?? 0)));
    },
    close() {
      clearTimeout(syncing);
      for (const { fd } of files.values()) {
        try {
          fdatasyncSync(fd);
        } catch {
          // What is lost is sent again.
        }
        closeSync(fd);
      }
      files.clear();
    },
  };
}

function checkName(sink: string): void {
  if (!NAME.test(sink)) throw new PortreeveError('config-invalid', `${JSON.stringify(sink.slice(0, 80))} cannot name a sink`, { hint: 'use up to 64 letters, digits, - and _' });
}

function listNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(SUFFIX) && NAME.test(name.slice(0, -SUFFIX.length)));
  } catch {
    return [];
  }
}

function formatSlot(generation: number, { confirmed, attempted }: SinkCursor): Buffer {
  const fields = `${generation} ${confirmed} ${attempted}`;
  return Buffer.from(`${`${fields} ${checksumOf(fields)}`.padEnd(SLOT - 1)}\n`, 'latin1');
}

function checksumOf(fields: string): string {
  return createHash('sha256').update(fields).digest('hex').slice(0, 16);
}

/** The younger of the two slots that are whole. */
function readSlots(fd: number): { readonly generation: number; readonly cursor: SinkCursor | null } {
  const bytes = Buffer.alloc(2 * SLOT);
  const length = readSync(fd, bytes, 0, bytes.length, 0);
  let newest: { generation: number; cursor: SinkCursor | null } = { generation: 0, cursor: null };
  for (const start of [0, SLOT]) {
    const [, generation = '', confirmed = '', attempted = '', checksum] = FIELDS.exec(bytes.toString('latin1', start, Math.min(start + SLOT, length))) ?? [];
    if (checksum !== checksumOf(`${generation} ${confirmed} ${attempted}`) || Number(generation) <= newest.generation) continue;
    newest = { generation: Number(generation), cursor: { confirmed: Number(confirmed), attempted: Number(attempted) } };
  }
  return newest;
}

function readReadOnly(path: string): SinkCursor | null {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return readSlots(fd).cursor;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  }
}
