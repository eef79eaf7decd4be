import type { NetlinkTransport } from '../../native/netlink-socket.ts';
import { encodeDumpRequest, readDatagram, renumberRequest, sequenceOf, type DatagramOutcome } from './messages.ts';

/** How one dump ended. The bodies went to the caller as they came. */
export interface DumpOutcome {
  /** Positive errno that the kernel answered with, or null. */
  readonly errno: number | null;
  /** Why the last attempt was still not whole, or null where it was. */
  readonly incomplete: 'interrupted' | 'truncated' | 'lost' | null;
  readonly detail: string | null;
  readonly malformed: number;
}

/** The table may change under every attempt on a busy host; three more tries settle all but a pathological one. */
const ATTEMPTS = 4;

/** Not to be guessed, for an answer is recognised by it. */
let sequence = Math.floor(Math.random() * 0x1_0000_0000);

export function nextSequence(): number {
  sequence = (sequence + 1) >>> 0;
  return sequence;
}

/**
 * Runs one dump to its end, again from the start where the kernel says it was interrupted or the receiver lost part.
 * `start` is called at each attempt and returns what takes the bodies, so that a broken attempt leaves nothing behind.
 */
export function runDump(transport: NetlinkTransport, type: number, body: Uint8Array, start: () => (type: number, body: Uint8Array) => boolean): DumpOutcome {
  return runDatagrams(transport, encodeDumpRequest(type, body, nextSequence()), () => {
    const take = start();
    return (bytes, current) => readDatagram(bytes, current, (answerType, all, from, to) => take(answerType, all.subarray(from, to)));
  });
}

/** Takes one datagram of the answer to the request of that number. */
export type TakeDatagram = (bytes: Uint8Array, sequence: number) => DatagramOutcome;

/**
 * As `runDump`, by datagrams: their bytes are valid until the call returns.
 * @param request of the first attempt. Only after a dump that came to its end may the same one be used again: a late answer
 *   to another would be taken for this one's.
 */
export function runDatagrams(transport: NetlinkTransport, request: Uint8Array, start: () => TakeDatagram): DumpOutcome {
  let outcome: DumpOutcome = { errno: null, incomplete: null, detail: null, malformed: 0 };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const sent = attempt === 0 ? request : renumberRequest(request, nextSequence());
    transport.send(sent);
    outcome = receiveDump(transport, sequenceOf(sent), start());
    if (outcome.incomplete === null) return outcome;
  }
  return outcome;
}

function receiveDump(transport: NetlinkTransport, current: number, take: TakeDatagram): DumpOutcome {
  let incomplete: DumpOutcome['incomplete'] = null;
  let malformed = 0;
  for (;;) {
    const received = transport.receive();
    if (received.kind === 'truncated') {
      incomplete = 'truncated';
      continue;
    }
    if (received.kind === 'lost') return { errno: null, incomplete: 'lost', detail: received.reason, malformed };
    const end = take(received.bytes, current);
    malformed += end.malformed;
    if (end.interrupted && incomplete === null) incomplete = 'interrupted';
    if (end.done) return { errno: end.errno, incomplete, detail: null, malformed };
    // A datagram without a single message is the kernel's end of file; it never comes in a healthy dump.
    if (received.bytes.length === 0) return { errno: null, incomplete: 'lost', detail: 'the kernel ended the dump early', malformed };
  }
}
