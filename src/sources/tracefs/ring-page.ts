import { LITTLE_ENDIAN } from '../byte-order.ts';
import type { PageLayout } from './event-format.ts';

/** Types of a record that bear no data (include/linux/ring_buffer.h); up to 28 the type is the length in words. */
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
const DELTA_BITS = 27n;
/** An absolute time stamp has 59 bits; the rest is that of the time before it (ring_buffer.c, TS_MSB). */
const STAMP_HIGH_BITS = 0xf8n << 56n;

/** Flags in `commit` (ring_buffer.c): events before this page were overwritten, and their number follows its data. */
const MISSED_EVENTS = 2 ** 31;
const COMMIT_MASK = 2 ** 30 - 1;

export interface RingRecord {
  /** In units of the trace clock. */
  readonly timestamp: bigint;
  /** A view into the page: valid until its buffer is used again. */
  readonly data: Uint8Array;
}

export interface RingPage {
  readonly records: readonly RingRecord[];
  /** Events between the page before and this one were overwritten. */
  readonly missed: boolean;
  /** The page could be walked to its end. */
  readonly whole: boolean;
}

/**
 * Walks one page of the kernel's ring buffer as `trace_pipe_raw` gives it. Bytes that are no such page give no records
 * and `whole: false`; a page that breaks off gives the records before the break.
 */
export function readRingPage(bytes: Uint8Array, layout: PageLayout): RingPage {
  const records: RingRecord[] = [];
  if (bytes.length < layout.data) return { records, missed: false, whole: false };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flagged = view.getUint32(layout.commit.offset + (LITTLE_ENDIAN ? 0 : layout.commit.size - 4), LITTLE_ENDIAN);
  const missed = flagged >= MISSED_EVENTS;
  // The lower bits alone are the length: the flags are added to a signed number.
  const end = layout.data + (flagged % (COMMIT_MASK + 1));
  const broken = (): RingPage => ({ records, missed, whole: false });
  if (end > bytes.length) return broken();

  let timestamp = view.getBigUint64(layout.timestamp.offset, LITTLE_ENDIAN);
  let offset = layout.data;
  while (offset + 4 <= end) {
    const header = view.getUint32(offset, LITTLE_ENDIAN);
    // A C bit field begins at the low end on little-endian machines and at the high end on others.
    const type = LITTLE_ENDIAN ? header % 32 : header >>> 27;
    const delta = BigInt(LITTLE_ENDIAN ? header >>> 5 : header % 2 ** 27);
    offset += 4;
    if (type === PADDING && delta === 0n) break;
    if (type > 0 && type < PADDING) {
      timestamp += delta;
      if (offset + type * 4 > end) return broken();
      records.push({ timestamp, data: bytes.subarray(offset, offset + type * 4) });
      offset += type * 4;
      continue;
    }
    if (offset + 4 > end) return broken();
    const word = view.getUint32(offset, LITTLE_ENDIAN);
    if (type === TIME_EXTEND) {
      timestamp += (BigInt(word) << DELTA_BITS) + delta;
      offset += 4;
    } else if (type === TIME_STAMP) {
      timestamp = (timestamp & STAMP_HIGH_BITS) | (((BigInt(word) << DELTA_BITS) + delta) & ~STAMP_HIGH_BITS);
      offset += 4;
    } else {
      // A discarded event or one too long for the type: the word counts the bytes from itself on.
      timestamp += delta;
      const length = Math.ceil(word / 4) * 4;
      if (word < 4 || offset + length > end) return broken();
      if (type === 0) records.push({ timestamp, data: bytes.subarray(offset + 4, offset + word) });
      offset += length;
    }
  }
  return { records, missed, whole: true };
}
