import { write } from 'node:fs';

/** The reader of standard output has gone away. */
export class OutputClosed extends Error {}

const STDOUT = 1;
/** Small writes are gathered: each costs a system call. Characters. */
const GATHER = 65_536;
/** How long to wait for a full pipe that another program set to non-blocking. Milliseconds. */
const FULL_PIPE_WAIT = 5;

let writing = false;

/** Whether a write is under way, which lasts as long as the reader of a pipe leaves it full. */
export function isWriting(): boolean {
  return writing;
}

/**
 * Writes pieces of text to standard output, all of it before it settles, so that nothing is cut off at exit. Not through
 * process.stdout: that blocks the whole program on a full pipe, and no signal would be heard.
 * @throws OutputClosed where the reader has gone (EPIPE)
 * @throws Error with the system's message where it cannot be written (a full disk)
 */
export async function writeOutput(pieces: Iterable<string>): Promise<void> {
  let gathered = '';
  for (const piece of pieces) {
    gathered += piece;
    if (gathered.length >= GATHER) {
      await writeAll(gathered);
      gathered = '';
    }
  }
  await writeAll(gathered);
}

async function writeAll(text: string): Promise<void> {
  let bytes: Uint8Array = Buffer.from(text, 'utf8');
  writing = true;
  try {
    while (bytes.length > 0) bytes = bytes.subarray(await writeSome(bytes));
  } finally {
    writing = false;
  }
}

function writeSome(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, bytes, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === 'EPIPE') reject(new OutputClosed());
      else if (error.code === 'EAGAIN') {
        setTimeout(() => {
          resolve(0);
        }, FULL_PIPE_WAIT);
      } else reject(error);
    });
  });
}
