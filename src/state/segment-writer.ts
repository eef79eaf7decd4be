import { mkdir, open, rm, unlink, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../model/clock.ts';
import { syncFolder } from '../model/replace-file.ts';
import { codeOf } from './error-code.ts';
import type { EventLine } from './event-line.ts';
import { createSegment, markLine, MOST_PER_SEGMENT, type Segment } from './segment.ts';
import { setAside } from './set-aside.ts';

export interface SegmentWriter {
  /**
   * Writes events, in one write and one wait for the disk; settles when they would survive a power cut. They have to fit
   * into one segment (`fits`).
   * @throws Error of the system; nothing of them counts as written then, and the next write begins where this one did
   */
  write(lines: readonly EventLine[]): Promise<void>;
  /** How many of these events the next write may hold. */
  fits(lines: readonly EventLine[]): number;
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly folder: string;
  /** In order; new ones are added, and those that are over the bounds are taken out. */
  readonly segments: Segment[];
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly clock: Clock;
}

const MOST_SEGMENT_BYTES = 4 << 20;
const LEAST_SEGMENT_BYTES = 1 << 16;

/** Appends to the newest segment, begins new ones, and deletes the oldest. One call of `write` at a time. */
export function createSegmentWriter({ folder, segments, maxBytes, maxAgeMs, clock }: WriterOptions): SegmentWriter {
  const segmentBytes = Math.min(Math.max(Math.floor(maxBytes / 8), LEAST_SEGMENT_BYTES), MOST_SEGMENT_BYTES);
  /** Of the newest segment. */
  let handle: FileHandle | null = null;

  const now = (): number => clock.now().getTime();

  /** Whether events go on in a segment: no gap may be in it, nor too much, nor events of very different age. */
  const goesOn = (segment: Segment, { event, line }: EventLine): boolean =>
    segment.last + 1 === event.sequence &&
    segment.size + line.length <= segmentBytes &&
    event.sequence < segment.first + MOST_PER_SEGMENT &&
    now() - (segment.startedAt ?? now()) <= maxAgeMs / 16;

  const leave = async (): Promise<void> => {
    const left = handle;
    handle = null;
    await left?.close().catch(() => undefined);
  };

  /** The file of the newest segment, as long as it has what it had; else null. */
  const resume = async (segment: Segment): Promise<FileHandle | null> => {
    if (handle !== null) return handle;
    const file = await open(segment.path, 'r+').catch((cause: unknown) => {
      if (codeOf(cause) === 'ENOENT') return null;
      throw cause;
    });
    if (file === null) return null;
    const { size } = await file.stat();
    if (size < segment.size) {
      await file.close();
      return null;
    }
    handle = file;
    if (size > segment.size) await file.truncate(segment.size);
    return file;
  };

  const begin = async (sequence: number): Promise<FileHandle> => {
    await leave();
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const previous = segments.at(-1);
    if (previous?.size === 0) {
      segments.pop();
      await rm(previous.path, { force: true });
    }
    const segment = createSegment(folder, sequence);
    const file = await open(segment.path, 'wx+', 0o600).catch(async (cause: unknown) => {
      if (codeOf(cause) !== 'EEXIST') throw cause;
      await setAside(segment.path, 'foreign', clock);
      return open(segment.path, 'wx+', 0o600);
    });
    handle = file;
    segments.push(segment);
    // Without this the name may not outlive a power cut. Not every file system can do it for a folder.
    await syncFolder(folder).catch(() => undefined);
    return file;
  };

  /**
   * Deletes the oldest segments where this many bytes more would be over the bounds. One at a time for its age: a clock
   * that is a year ahead for a minute does not cost the whole log.
   */
  const makeRoom = async (incoming: number): Promise<void> => {
    for (let deleted = 0; ; deleted += 1) {
      const [oldest, next] = segments;
      if (oldest === undefined || next === undefined) return;
      const bytes = segments.reduce((sum, { size }) => sum + size, incoming);
      const isOld = now() - (next.startedAt ?? now()) > maxAgeMs;
      if (bytes <= maxBytes && (!isOld || deleted > 0)) return;
      segments.shift();
      await unlink(oldest.path).catch(() => undefined);
    }
  };

  return {
    fits(lines) {
      const [head] = lines;
      if (head === undefined) return 0;
      const newest = segments.at(-1);
      const [used, first] = newest !== undefined && goesOn(newest, head) ? [newest.size, newest.first] : [0, head.event.sequence];
      let bytes = used;
      const end = lines.findIndex(({ event: { sequence }, line }, index) => {
        bytes += line.length;
        return sequence !== head.event.sequence + index || sequence >= first + MOST_PER_SEGMENT || (bytes > segmentBytes && index > 0);
      });
      return end === -1 ? lines.length : end;
    },
    async write(lines) {
      const [head] = lines;
      if (head === undefined) return;
      const bytes = Buffer.from(lines.map(({ line }) => line).join(''), 'latin1');
      const newest = segments.at(-1);
      const file = (newest !== undefined && goesOn(newest, head) ? await resume(newest) : null) ?? (await begin(head.event.sequence));
      await makeRoom(bytes.length);
      const segment = segments.at(-1);
      if (segment === undefined) return;
      try {
        await writeAll(file, bytes, segment.size);
        await file.datasync();
      } catch (cause) {
        // A full disk may have taken half a line. And after a failed sync the kernel may hold for written what is not
        // (fsync(2), "EIO"), so that a later sync of the same bytes would prove nothing: all is written anew.
        await file.truncate(segment.size).catch(() => undefined);
        await leave();
        throw cause;
      }
      if ((await file.stat()).nlink === 0) {
        segments.pop();
        await leave();
        throw new Error('somebody deleted it');
      }
      for (const { event, line } of lines) {
        markLine(segment, event.sequence, segment.size);
        segment.size += line.length;
        segment.last = event.sequence;
      }
      segment.startedAt ??= Date.parse(head.event.time);
    },
    close: leave,
  };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
}
