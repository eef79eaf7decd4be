import { setImmediate as yieldOnce, setTimeout as pause } from 'node:timers/promises';
import type { SendOutcome as DatagramOutcome, SentMany, Unsent } from '../native/unix-datagram.ts';
import { describeFailure } from './describe-failure.ts';
import type { Channel, Outgoing } from './transport.ts';

/** How events become datagrams for a receiver on this host. */
export interface DatagramSender {
  encode(outgoing: Outgoing): Uint8Array;
  /** As many as there is room for, and how many; or why not even the first. */
  sendMany(datagrams: readonly Uint8Array[]): SentMany | Unsent;
  /** Hands over what no datagram holds. Absent: there is no way to. */
  sendLarge?(bytes: Uint8Array): DatagramOutcome;
  close(): void;
}

/**
 * Encoded before a call that sends them: a receiver that sleeps is woken once for all, and reads while the next are encoded.
 * Not many more than its queue holds, for what it has no room for is copied again.
 */
const BURST = 16;
/** That queue is short (net.unix.max_dgram_qlen: 10), and a reader that is awake has room again before any timer. */
const YIELDS = 100;
/** One that is not has to be waited for. Milliseconds. */
const PAUSE = 1;
/** A reader that has no room after so many, which is a second, does not keep up. */
const MOST_PAUSES = 1000;

/** A channel to a receiver on this host that takes one datagram per event, all or nothing, and never twice. */
export function sendDatagrams(path: string, sender: DatagramSender): Channel {
  return {
    proof: 'sent',
    broken: null,
    facts: {},
    async send(batch, signal) {
      const waiting: Uint8Array[] = [];
      let taken = 0;
      const failed = (error: string) => ({ taken, attempted: taken, error });
      try {
        for (let tries = 0; taken < batch.length; ) {
          for (const outgoing of batch.slice(taken + waiting.length, taken + BURST)) waiting.push(sender.encode(outgoing));
          const outcome = attempt(waiting);
          if (outcome.kind === 'sent') {
            waiting.splice(0, outcome.count);
            taken += outcome.count;
            tries = 0;
          } else if (outcome.kind === 'too-long') {
            return failed(`${path} does not take a datagram of that size`);
          } else if (outcome.kind === 'failed') {
            return failed(`cannot send to ${path}: ${outcome.errno}`);
          } else if (tries === YIELDS + MOST_PAUSES || signal.aborted) {
            return failed(`${path} is full: its receiver does not keep up`);
          } else {
            await (tries++ < YIELDS ? yieldOnce() : pause(PAUSE));
          }
        }
        return { taken, attempted: taken, error: null };
      } catch (cause) {
        return failed(describeFailure(cause));
      }
    },
    close() {
      sender.close();
      return Promise.resolve(true);
    },
    destroy() {
      sender.close();
    },
  };

  function attempt(datagrams: readonly Uint8Array[]): SentMany | Unsent {
    const outcome = sender.sendMany(datagrams);
    const [first] = datagrams;
    if (outcome.kind !== 'too-long' || sender.sendLarge === undefined || first === undefined) return outcome;
    const handed = sender.sendLarge(first);
    return handed.kind === 'sent' ? { kind: 'sent', count: 1 } : handed;
  }
}
