import type { SendOutcome as DatagramOutcome } from '../native/unix-datagram.ts';
import { describeFailure } from './describe-failure.ts';
import type { Channel, Outgoing } from './transport.ts';

/** A channel to a receiver on this host that takes one datagram per event, all or nothing, and never twice. */
export function sendDatagrams(path: string, close: () => void, send: (outgoing: Outgoing) => DatagramOutcome): Channel {
  return {
    proof: 'sent',
    broken: null,
    facts: {},
    send(batch) {
      for (const [index, outgoing] of batch.entries()) {
        const error = attempt(outgoing);
        if (error !== null) return Promise.resolve({ taken: index, attempted: index, error });
      }
      return Promise.resolve({ taken: batch.length, attempted: batch.length, error: null });
    },
    close() {
      close();
      return Promise.resolve(true);
    },
    destroy: close,
  };

  function attempt(outgoing: Outgoing): string | null {
    try {
      const outcome = send(outgoing);
      switch (outcome.kind) {
        case 'sent':
          return null;
        case 'full':
          return `${path} is full: its receiver does not keep up`;
        case 'too-long':
          return `${path} does not take a datagram of that size`;
        case 'failed':
          return `cannot send to ${path}: ${outcome.errno}`;
      }
    } catch (cause) {
      return describeFailure(cause);
    }
  }
}
