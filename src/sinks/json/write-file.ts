import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { describeFailure } from '../describe-failure.ts';
import type { Outgoing, SendOutcome, Transport } from '../transport.ts';

const LINE_FEED = 10;
// A FIFO without a reader must not hold up a thread before it can be refused.
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Appends one line per event to a file that only this sink writes. The file may be moved away (logrotate): each batch
 * looks whether the path still leads to the open file. What was taken is on the disk (fdatasync), for the cursor is not
 * set back after a power cut.
 */
export function writeToFile(path: string, format: (outgoing: Outgoing) => string): Transport {
  let stale = false;
  return {
    target: path,
    reopen: () => {
      stale = true;
    },
    async open() {
      let file = await openWhole(path);
      return {
        proof: 'sent',
        broken: null,
        facts: {},
        async send(batch) {
          try {
            if (stale || !(await leadsTo(path, file))) {
              await file.close();
              file = await openWhole(path);
              stale = false;
            }
            return await append(file, batch.map((outgoing) => `${format(outgoing)}\n`));
          } catch (cause) {
            return { taken: 0, attempted: batch.length, error: describeFailure(cause) };
          }
        },
        async close() {
          await file.close().catch(() => undefined);
          return true;
        },
        destroy() {
          void file.close().catch(() => undefined);
        },
      };
    },
  };
}

async function append(file: FileHandle, lines: readonly string[]): Promise<SendOutcome> {
  const { size } = await file.stat();
  const bytes = Buffer.from(lines.join(''));
  try {
    for (let offset = 0; offset < bytes.length; ) offset += (await file.write(bytes, offset)).bytesWritten;
  } catch (cause) {
    // The disk is full: half a line would spoil the next one. Where logrotate emptied the file meanwhile, that would make it longer.
    if ((await file.stat()).size > size) await file.truncate(size);
    return { taken: 0, attempted: 0, error: describeFailure(cause) };
  }
  await file.datasync();
  return { taken: lines.length, attempted: lines.length, error: null };
}

/** A crash can have left half a line at the end: the next one must not continue it. */
async function openWhole(path: string): Promise<FileHandle> {
  const file = await open(path, FLAGS, 0o640);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    const last = new Uint8Array([LINE_FEED]);
    if (stats.size > 0) await file.read(last, 0, 1, stats.size - 1);
    if (last[0] !== LINE_FEED) await file.write('\n');
    return file;
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function leadsTo(path: string, file: FileHandle): Promise<boolean> {
  const there = await stat(path).catch(() => null);
  const open = await file.stat();
  return there !== null && there.ino === open.ino && there.dev === open.dev;
}
