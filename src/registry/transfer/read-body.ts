import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { PortreeveError } from '../../model/errors.ts';
import { describeFault, transferFailed } from './transfer-errors.ts';
import type { TransferClock } from './transfer-clock.ts';

export interface BodyOptions {
  /** The most that is taken, before and after decompression. */
  readonly maxBytes: number;
  readonly clock: TransferClock;
  /** Told the bytes that came over the network, and how many there will be, where the server says. */
  readonly onProgress: (received: number, expected: number | null) => void;
}

/**
 * Reads the body of an answer, uncompressed or by gzip. What grows beyond the limit is not read any further, so that ten
 * gigabytes of zeros cost no more than the limit, whether they come as they are or as ten megabytes of gzip.
 * @throws PortreeveError `update-failed`
 */
export async function readBody(url: URL, response: IncomingMessage, { maxBytes, clock, onProgress }: BodyOptions): Promise<Buffer> {
  const expected = lengthOf(response);
  const tooLarge = (): PortreeveError =>
    transferFailed(url, `more than ${Math.floor(maxBytes / 1024 / 1024)} MB came, and the registry has little more than one`, 'Check the address: this is another file.');
  let received = 0;
  async function* count(): AsyncGenerator<Buffer> {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      received += chunk.length;
      onProgress(received, expected);
      yield chunk;
    }
  }
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  };
  try {
    if (expected !== null && expected > maxBytes) throw tooLarge();
    if (isCompressed(url, response)) await pipeline(count, createGunzip(), collect);
    else await pipeline(count, collect);
    // Node reports a body that ends before its Content-Length as an error; one without that header just ends, and what
    // is missing then is for the check of the file to find.
    return Buffer.concat(chunks, size);
  } catch (error) {
    throw clock.signal.aborted ? (clock.signal.reason as Error) : describeFault(url, error, received);
  } finally {
    response.destroy();
  }
}

function lengthOf(response: IncomingMessage): number | null {
  const length = response.headers['content-length'];
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : null;
}

/** Only gzip is asked for; an answer in another coding is one to a question that was not put. */
function isCompressed(url: URL, response: IncomingMessage): boolean {
  const coding = (response.headers['content-encoding'] ?? 'identity').toLowerCase();
  if (coding === 'identity') return false;
  if (coding === 'gzip' || coding === 'x-gzip') return true;
  throw transferFailed(url, `it came in a coding that was not asked for (${JSON.stringify(coding.slice(0, 40))})`);
}
