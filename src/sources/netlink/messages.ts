import { LITTLE_ENDIAN } from '../byte-order.ts';

const HEADER_LENGTH = 16;
const SEQUENCE_AT = 8;
const NLMSG_NOOP = 1;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLMSG_OVERRUN = 4;

const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;

/** What the end of one datagram means for the dump it belongs to. */
export interface DatagramOutcome {
  /** The kernel said that the dump is over. */
  readonly done: boolean;
  /** The table changed while the kernel walked it: what was read may lack entries. */
  readonly interrupted: boolean;
  /** Errno from an error message or from inside DONE, as a positive number; null for none. */
  readonly errno: number | null;
  /** Messages that could not be understood. */
  readonly malformed: number;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Builds a dump request: `nlmsghdr` and the given body (netlink(7)). */
export function encodeDumpRequest(type: number, body: Uint8Array, sequence: number): Uint8Array {
  const message = new Uint8Array(HEADER_LENGTH + body.length);
  const view = viewOf(message);
  view.setUint32(0, message.length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, NLM_F_REQUEST | NLM_F_DUMP, LITTLE_ENDIAN);
  view.setUint32(SEQUENCE_AT, sequence, LITTLE_ENDIAN);
  message.set(body, HEADER_LENGTH);
  return message;
}

/** The number by which the answers to a request are recognised. */
export function sequenceOf(request: Uint8Array): number {
  return viewOf(request).getUint32(SEQUENCE_AT, LITTLE_ENDIAN);
}

/** The same request under another number. */
export function renumberRequest(request: Uint8Array, sequence: number): Uint8Array {
  const again = request.slice();
  viewOf(again).setUint32(SEQUENCE_AT, sequence, LITTLE_ENDIAN);
  return again;
}

/** Takes one message: its body is `bytes` from `start` to `end`. Returns false for a body that it cannot understand. */
export type TakeMessage = (type: number, bytes: Uint8Array, start: number, end: number) => boolean;

/**
 * Walks the messages of one datagram where they lie, without an object for each. Messages of another sequence (a late
 * answer to an abandoned attempt) are passed over.
 */
export function readDatagram(bytes: Uint8Array, sequence: number, take: TakeMessage): DatagramOutcome {
  const view = viewOf(bytes);
  let done = false;
  let interrupted = false;
  let errno: number | null = null;
  let malformed = 0;
  let offset = 0;
  while (offset < bytes.length && !done) {
    if (offset + HEADER_LENGTH > bytes.length) {
      malformed += 1;
      break;
    }
    const length = view.getUint32(offset, LITTLE_ENDIAN);
    const type = view.getUint16(offset + 4, LITTLE_ENDIAN);
    const flags = view.getUint16(offset + 6, LITTLE_ENDIAN);
    if (length < HEADER_LENGTH || offset + length > bytes.length) {
      malformed += 1;
      break;
    }
    if (view.getUint32(offset + SEQUENCE_AT, LITTLE_ENDIAN) === sequence) {
      if ((flags & NLM_F_DUMP_INTR) !== 0) interrupted = true;
      const start = offset + HEADER_LENGTH;
      const end = offset + length;
      if (type === NLMSG_DONE || type === NLMSG_ERROR) {
        done = true;
        const code = end - start >= 4 ? view.getInt32(start, LITTLE_ENDIAN) : 0;
        if (code < 0) errno = -code;
        else if (type === NLMSG_ERROR && end - start < 4) malformed += 1;
      } else if (type === NLMSG_OVERRUN) {
        interrupted = true;
      } else if (type !== NLMSG_NOOP && !take(type, bytes, start, end)) {
        malformed += 1;
      }
    }
    offset += (length + 3) & ~3;
  }
  return { done, interrupted, errno, malformed };
}

const NLA_TYPE_MASK = 0x3fff;

/** Walks attributes (`nlattr`); stops at the first whose length cannot be. Returns false if it had to. */
export function readAttributes(bytes: Uint8Array, onAttribute: (type: number, value: Uint8Array) => void): boolean {
  const view = viewOf(bytes);
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const length = view.getUint16(offset, LITTLE_ENDIAN);
    if (length < 4 || offset + length > bytes.length) return false;
    onAttribute(view.getUint16(offset + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK, bytes.subarray(offset + 4, offset + length));
    offset += (length + 3) & ~3;
  }
  return true;
}

/** Builds one attribute, padded to four bytes. */
export function encodeAttribute(type: number, value: Uint8Array): Uint8Array {
  const attribute = new Uint8Array((4 + value.length + 3) & ~3);
  const view = viewOf(attribute);
  view.setUint16(0, 4 + value.length, LITTLE_ENDIAN);
  view.setUint16(2, type, LITTLE_ENDIAN);
  attribute.set(value, 4);
  return attribute;
}
