import type { NetlinkTransport } from '../../native/netlink-socket.ts';
import { encodeDumpRequest, readDatagram, type TakeMessage } from './messages.ts';

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

/**
 * Runs one dump to its end, again from the start where the kernel says it was interrupted or the receiver lost part.
 * `start` is called at each attempt and returns what takes the bodies, so that a broken attempt leaves nothing behind.
 */
export function runDump(transport: NetlinkTransport, type: number, body: Uint8Array, start: () => (type: number, body: Uint8Array) => boolean): DumpOutcome {
  return runDumpInPlace(transport, type, body, () => {
    const take = start();
    return (answerType, bytes, from, to) => take(answerType, bytes.subarray(from, to));
  });
}

/** As `runDump`, without an object for each body: it stays where it was received, and only until the call returns. */
export function runDumpInPlace(transport: NetlinkTransport, type: number, body: Uint8Array, start: () => TakeMessage): DumpOutcome {
  let outcome: DumpOutcome = { errno: null, incomplete: null, detail: null, malformed: 0 };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    sequence = (sequence + 1) >>> 0;
    transport.send(encodeDumpRequest(type, body, sequence));
    outcome = receiveDump(transport, sequence, start());
    if (outcome.incomplete === null) return outcome;
  }
  return outcome;
}

function receiveDump(transport: NetlinkTransport, current: number, take: TakeMessage): DumpOutcome {
  let incomplete: DumpOutcome['incomplete'] = null;
  let malformed = 0;
  for (;;) {
    const received = transport.receive();
    if (received.kind === 'truncated') {
      incomplete = 'truncated';
      continue;
    }
    if (received.kind === 'lost') return { errno: null, incomplete: 'lost', detail: received.reason, malformed };
    const end = readDatagram(received.bytes, current, take);
    malformed += end.malformed;
    if (end.interrupted && incomplete === null) incomplete = 'interrupted';
    if (end.done) return { errno: end.errno, incomplete, detail: null, malformed };
    // A datagram without a single message is the kernel's end of file; it never comes in a healthy dump.
    if (received.bytes.length === 0) return { errno: null, incomplete: 'lost', detail: 'the kernel ended the dump early', malformed };
  }
}
