import { writeSync } from 'node:fs';

/** The reader of standard output has gone away. */
export class OutputClosed extends Error {}

const STDOUT = 1;
/** Small writes are gathered: each costs a system call. Characters. */
const GATHER = 65_536;

/**
 * Writes pieces of text to standard output, all of it before it returns, so that nothing is cut off at exit.
 * @throws OutputClosed where the reader has gone (EPIPE)
 * @throws Error with the system's message where it cannot be written (a full disk)
 */
export function writeOutput(pieces: Iterable<string>): void {
  let gathered = '';
  for (const piece of pieces) {
    gathered += piece;
    if (gathered.length >= GATHER) {
      writeAll(gathered);
      gathered = '';
    }
  }
  writeAll(gathered);
}

function writeAll(text: string): void {
  let bytes: Uint8Array = Buffer.from(text, 'utf8');
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(STDOUT, bytes));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') throw new OutputClosed();
      // A pipe set to non-blocking by another program that shares it is full: wait for its reader.
      if (code === 'EAGAIN') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      else throw error;
    }
  }
}
