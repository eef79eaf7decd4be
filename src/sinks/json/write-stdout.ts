import type { Writable } from 'node:stream';
import type { Outgoing, SendOutcome, Transport } from '../transport.ts';

/**
 * One line per event to standard output (or to the stream that is handed in). A pipe that nobody reads holds up this sink
 * and nothing else: Node writes to pipes without waiting.
 */
export function writeToStdout(format: (outgoing: Outgoing) => string, stream: Writable = process.stdout): Transport {
  let failure: string | null = null;
  let tell: () => void = () => undefined;
  // Once and for ever: an error without a listener would end the agent, and a closed pipe can be noticed late.
  stream.on('error', (cause) => {
    failure = cause.message;
    tell();
  });
  return {
    target: 'standard output',
    open(broken) {
      tell = broken;
      if (!stream.writable) return Promise.reject(new Error(failure ?? 'standard output is closed'));
      return Promise.resolve({
        proof: 'sent',
        facts: {},
        get broken() {
          return failure;
        },
        send: (batch, signal) => writeLines(stream, batch.map((outgoing) => `${format(outgoing)}\n`), signal),
        close: () => Promise.resolve(true),
        destroy: () => undefined,
      });
    },
  };
}

function writeLines(stream: Writable, lines: readonly string[], signal: AbortSignal): Promise<SendOutcome> {
  return new Promise((resolve) => {
    const end = (error: string | null): void => {
      signal.removeEventListener('abort', abandon);
      resolve({ taken: error === null ? lines.length : 0, attempted: lines.length, error });
    };
    const abandon = (): void => {
      end('nobody reads standard output');
    };
    signal.addEventListener('abort', abandon);
    stream.write(lines.join(''), (cause) => {
      end(cause?.message ?? null);
    });
  });
}
