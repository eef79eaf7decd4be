import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describeFailure } from '../describe-failure.ts';
import { limitTime } from '../limit-time.ts';
import type { Channel, Encode, Outgoing, Patience } from '../transport.ts';
import { countUnacknowledged } from './count-unacknowledged.ts';
import type { CloseTrust } from './close-trust.ts';

/** Characters handed to the kernel at a time: what must make progress within the patience for a stall. */
const CHUNK = 65_536;
/** Seconds of silence after which the kernel asks whether the other side is still there. */
const KEEP_ALIVE = 15_000;
/** Octets: a receiver may answer the end of TLS (close_notify) before that of TCP, which counts as one, has reached it. */
const OWN_END = 1;
const CLOSED_FIRST = 'the receiver closed the connection';

export interface StreamOptions {
  readonly proof: Channel['proof'];
  readonly patience: Patience;
  /** What an earlier transport to it, or to another receiver, was found to be `closedBy`. */
  readonly closedBy: string | undefined;
}

export interface StreamDetails {
  /** The event after which the socket can be written to. */
  readonly ready: 'connect' | 'secureConnect';
  /** A message with its frame. */
  readonly encode: Encode;
  /** Of all connections to this receiver. */
  readonly trust: CloseTrust;
  describe(): Channel['facts'];
}

/**
 * Waits for the connection of a socket and makes a channel of it. What the receiver says is read and dropped: syslog is
 * one-way, but only who reads sees the end.
 * @throws Error why there is no connection
 */
export async function openStream(socket: Socket, details: StreamDetails, options: StreamOptions, broken: () => void, signal: AbortSignal): Promise<Channel> {
  const { ready, encode, trust } = details;
  const { proof, patience } = options;
  let failure: string | null = null;
  let closing = false;
  socket.on('error', (cause) => {
    failure ??= describeFailure(cause);
  });
  socket.on('end', () => {
    // It is an answer to our end only if it came after that, and not where the last of ours was still on its way to it.
    if (!closing || (countUnacknowledged(socket) ?? 0) > OWN_END) failure ??= CLOSED_FIRST;
  });
  socket.on('close', () => {
    if (!closing) failure ??= CLOSED_FIRST;
    broken();
  });
  const limit = limitTime(signal, patience.connect);
  try {
    await once(socket, ready, { signal: limit.signal });
  } catch (cause) {
    const isConnected = !socket.connecting;
    socket.destroy();
    throw limit.isOver ? new Error(`no ${isConnected ? 'TLS handshake' : 'connection'} within ${patience.connect / 1000} s`) : cause;
  } finally {
    limit.end();
  }
  const openedAt = performance.now();
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE).resume();

  return {
    proof,
    facts: details.describe(),
    get broken() {
      return failure;
    },
    async send(batch, signal) {
      let written = 0;
      while (written < batch.length) {
        const { bytes, count } = takeChunk(batch.slice(written), encode);
        const error = await writeChunk(socket, bytes, patience.stall, signal);
        if (error !== null) return { taken: written, attempted: written + count, error: failure ?? error };
        written += count;
      }
      return { taken: written, attempted: written, error: null };
    },
    async close(signal) {
      // Under TLS 1.3 and with access lists a receiver refuses only after the connection stands, which would look like an answer.
      await waitForClose(socket, openedAt + patience.refusal - performance.now(), signal);
      closing = true;
      if (socket.destroyed || signal.aborted) {
        socket.destroy();
        return false;
      }
      socket.end();
      // Both directions have ended, the other one because the receiver read ours to its end and closed, too.
      const ended = await waitForClose(socket, patience.close, signal);
      const read = failure === null && (ended === 'closed' || (ended === 'over' && trust.unanswered(socket)));
      if (read && ended === 'closed') trust.answered();
      socket.destroy();
      return read;
    },
    destroy() {
      closing = true;
      socket.destroy();
    },
  };
}

/** Until it is closed, so many milliseconds are over, or the signal says so. Never rejects. */
async function waitForClose(socket: Socket, milliseconds: number, signal: AbortSignal): Promise<'closed' | 'over' | 'aborted'> {
  if (socket.closed) return 'closed';
  if (milliseconds <= 0) return 'over';
  const limit = limitTime(signal, milliseconds);
  try {
    await once(socket, 'close', { signal: limit.signal });
    return 'closed';
  } catch {
    // An error comes before the end that it makes.
    return !limit.signal.aborted ? 'closed' : limit.isOver ? 'over' : 'aborted';
  } finally {
    limit.end();
  }
}

function takeChunk(batch: readonly Outgoing[], encode: Encode): { readonly bytes: Uint8Array; readonly count: number } {
  const messages: string[] = [];
  let length = 0;
  for (const outgoing of batch) {
    const message = encode(outgoing);
    messages.push(message);
    length += message.length;
    if (length >= CHUNK) break;
  }
  // Encoded together: each message by itself costs more than what it says.
  return { bytes: Buffer.from(messages.join('')), count: messages.length };
}

/** Until the kernel has taken it all; what happened instead where it has not. */
function writeChunk(socket: Socket, bytes: Uint8Array, stall: number, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const end = (error: string | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abandon);
      resolve(error);
    };
    const abandon = (): void => {
      end('stopped before everything was sent');
    };
    const timer = setTimeout(() => {
      end(`the receiver does not read: no progress for ${stall / 1000} s`);
    }, stall);
    signal.addEventListener('abort', abandon);
    socket.write(bytes, (cause) => {
      end(cause === null || cause === undefined ? null : describeFailure(cause));
    });
  });
}
