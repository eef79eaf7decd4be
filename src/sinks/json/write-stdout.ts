import type { Writable } from 'node:stream';
import type { Outgoing, SendOutcome, Transport } from '../transport.ts';

/**
 * One line per event to standard output (or to the stream that is handed in). A pipe that nobody reads holds up this sink
 * and nothing else: Node writes to pipes without waiting.
 */
export function writeToStdout(format: (outgoing: Outgoing) => string, stream: Writable = process.stdout): Transport {
  return {
    target: 'standard output',
    open(broken) {
      if (!stream.writable) return Promise.reject(new Error(stream.errored?.message ?? 'standard output is closed'));
      const tell = (): void => { broken(); };
      const leave = (): void => {
        stream.off('error', tell);
        // A closed pipe can be noticed late, and an error that nobody listens to would end the agent.
        if (stream.listenerCount('error') === 0) stream.on('error', ignore);
      };
      stream.on('error', tell);
      return Promise.resolve({
        proof: 'sent',
        facts: {},
        get broken() {
          return stream.errored?.message ?? null;
        },
        send: (batch, signal) => writeLines(stream, batch.map((outgoing) => `${format(outgoing)}\n`), signal),
        close() {
          leave();
          return Promise.resolve(true);
        },
        destroy: leave,
      });
    },
  };
}

function ignore(): void {
  // The next attempt to write says what is wrong.
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
