import { setImmediate as yieldOnce, setTimeout as pause } from 'node:timers/promises';
import type { SendOutcome as DatagramOutcome } from '../native/unix-datagram.ts';
import { describeFailure } from './describe-failure.ts';
import type { Channel, Outgoing } from './transport.ts';

/** The socket's queue is short (net.unix.max_dgram_qlen: 10), and a reader that is awake has room again before any timer. */
const YIELDS = 100;
/** One that is not has to be waited for. Milliseconds. */
const PAUSE = 5;
/** A reader that has no room after so many, which is a second, does not keep up. */
const MOST_PAUSES = 200;

/** A channel to a receiver on this host that takes one datagram per event, all or nothing, and never twice. */
export function sendDatagrams(path: string, close: () => void, send: (outgoing: Outgoing) => DatagramOutcome): Channel {
  return {
    proof: 'sent',
    broken: null,
    facts: {},
    async send(batch, signal) {
      for (const [index, outgoing] of batch.entries()) {
        const error = await deliver(outgoing, signal);
        if (error !== null) return { taken: index, attempted: index, error };
      }
      return { taken: batch.length, attempted: batch.length, error: null };
    },
    close() {
      close();
      return Promise.resolve(true);
    },
    destroy: close,
  };

  async function deliver(outgoing: Outgoing, signal: AbortSignal): Promise<string | null> {
    for (let tries = 0; ; tries++) {
      const outcome = attempt(outgoing);
      if (typeof outcome === 'string') return outcome;
      if (outcome.kind === 'sent') return null;
      if (outcome.kind === 'too-long') return `${path} does not take a datagram of that size`;
      if (outcome.kind === 'failed') return `cannot send to ${path}: ${outcome.errno}`;
      if (tries === YIELDS + MOST_PAUSES || signal.aborted) return `${path} is full: its receiver does not keep up`;
      await (tries < YIELDS ? yieldOnce() : pause(PAUSE));
    }
  }

  function attempt(outgoing: Outgoing): DatagramOutcome | string {
    try {
      return send(outgoing);
    } catch (cause) {
      return describeFailure(cause);
    }
  }
}
