import { lstat, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { codeOf } from './error-code.ts';
import { parseEventLine, sequenceOfLine } from './event-line.ts';
import { readLines } from './read-segment.ts';
import { repairEnd } from './repair-end.ts';
import { anyFirstSequenceOf, belongsTo, createSegment, firstSequenceOf, markLine, MOST_PER_SEGMENT, type Segment } from './segment.ts';
import { pruneAside, setAside, type AsideReason } from './set-aside.ts';

/** The event log as it lies on disk. */
export interface OpenedSegments {
  /** In the order of their sequences. */
  readonly segments: Segment[];
  /** No event that was ever in the log has a higher sequence, as far as can be told. */
  readonly highest: number;
  /** Id of the last event, to go on from. */
  readonly lastId: string | null;
  /** What was wrong and what became of it, a sentence each. */
  readonly problems: readonly string[];
}

/**
 * Opens the folder of an event log, which is made where it is missing, and mends it: what cannot be used is set aside,
 * a line that was cut off by a crash too. Never fails: what cannot be read or mended is told among the problems.
 */
export async function openSegments({ folder, maxBytes, clock }: { readonly folder: string; readonly maxBytes: number; readonly clock: Clock }): Promise<OpenedSegments> {
  const problems: string[] = [];
  const names = await listFolder(folder, problems, clock);
  let highest = Math.max(0, ...names.map((name) => anyFirstSequenceOf(name) ?? 0).map((first) => first - 1));
  const segments: Segment[] = [];
  const found = names.filter((name) => firstSequenceOf(name) !== null).sort();
  for (const [index, name] of found.entries()) {
    const segment = createSegment(folder, firstSequenceOf(name) ?? 0);
    const fault = await inspect(segment);
    if (fault === null) segments.push(segment);
    else {
      if (index === found.length - 1) highest = Math.max(highest, fault.reason === 'newer' ? await highestSequenceIn(segment) : segment.first + MOST_PER_SEGMENT - 1);
      problems.push(await moveAway(segment.path, fault, clock));
    }
  }
  const last = segments.at(-1);
  const end = last === undefined ? null : await readEnd(last, clock, problems);
  for (const [index, segment] of segments.entries()) segment.last = (segments[index + 1]?.first ?? Math.max(segment.last, end?.highest ?? 0) + 1) - 1;
  await pruneAside(join(folder, 'events-'), { files: 1000, bytes: maxBytes });
  return { segments, highest: Math.max(highest, end?.highest ?? 0), lastId: end?.lastId ?? null, problems };
}

async function listFolder(folder: string, problems: string[], clock: Clock): Promise<readonly string[]> {
  try {
    const found = await stat(folder).catch(() => null);
    if (found !== null && !found.isDirectory()) problems.push(await moveAway(folder, { reason: 'foreign', what: 'is not a folder' }, clock));
    // Whether it can be made, the first write tells.
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined);
    return await readdir(folder);
  } catch (cause) {
    if (codeOf(cause) !== 'ENOENT') problems.push(`${folder}: cannot be read (${codeOf(cause)}); the events in it are not seen`);
    return [];
  }
}

interface Fault {
  readonly reason: AsideReason;
  readonly what: string;
}

const HEAD_BYTES = 4096;
/** No segment of ours grows to half of it. */
const MOST_BYTES = 16 << 20;
const SCHEMA = /"schema":"portreeve\/event\/v(\d{1,6})"/;
const TIME = /"time":"([^"]{20,30})"/;

/** Looks at the first bytes, which tell the version that wrote it and when; null where it can be used. */
async function inspect(segment: Segment): Promise<Fault | null> {
  try {
    const found = await lstat(segment.path);
    if (!found.isFile()) return { reason: 'foreign', what: 'is not a regular file' };
    if (found.size > MOST_BYTES) return { reason: 'foreign', what: 'is too large to be a part of an event log' };
    segment.size = found.size;
    const handle = await open(segment.path, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      const head = buffer.toString('latin1', 0, bytesRead);
      const version = SCHEMA.exec(head)?.[1];
      if (version !== undefined && version !== '1') return { reason: 'newer', what: `was written by a later version (portreeve/event/v${version})` };
      const startedAt = Date.parse(TIME.exec(head)?.[1] ?? '');
      segment.startedAt = Number.isNaN(startedAt) ? found.mtimeMs : startedAt;
      return null;
    } finally {
      await handle.close();
    }
  } catch (cause) {
    return { reason: 'unreadable', what: `cannot be read (${codeOf(cause)})` };
  }
}

async function moveAway(path: string, { reason, what }: Fault, clock: Clock): Promise<string> {
  try {
    return `${path} ${what}; it was set aside as ${await setAside(path, reason, clock)}`;
  } catch (cause) {
    return `${path} ${what}, and cannot be set aside (${codeOf(cause)}); it is passed over`;
  }
}

/** Reads the newest segment through, and mends its end. */
async function readEnd(segment: Segment, clock: Clock, problems: string[]): Promise<{ readonly highest: number; readonly lastId: string | null } | null> {
  try {
    let lines = 0;
    let lastLine = '';
    const end = await readLines(segment.path, 0, segment.size, (line, offset) => {
      lines += 1;
      const sequence = line === null ? null : (sequenceOfLine(line) ?? parseEventLine(line)?.sequence ?? null);
      if (line === null || sequence === null || !belongsTo(segment, sequence, segment.last)) return true;
      segment.last = sequence;
      lastLine = line;
      markLine(segment, sequence, offset);
      return true;
    });
    const { added, problem } = await repairEnd(segment, end, clock);
    if (problem !== null) problems.push(problem);
    if (added !== null) segment.last = added.sequence;
    // A line that cannot be read had a sequence all the same, and none is given twice.
    const highest = Math.max(segment.last, segment.first - 1 + lines);
    return { highest, lastId: added?.id ?? /"id":"([^"]{26})"/.exec(lastLine)?.[1] ?? null };
  } catch (cause) {
    problems.push(`${segment.path} cannot be read to its end (${codeOf(cause)})`);
    return { highest: segment.first + MOST_PER_SEGMENT - 1, lastId: null };
  }
}

async function highestSequenceIn({ path, size, first }: Segment): Promise<number> {
  let highest = first;
  const note = (line: string | null): boolean => {
    highest = Math.max(highest, Number(/"sequence":(\d{1,15})\b/.exec(line ?? '')?.[1] ?? 0));
    return true;
  };
  await readLines(path, 0, size, note).catch(() => 0);
  return highest;
}
