import type { Clock } from '../model/clock.ts';
import type { EventDraft, EventReader, PortreeveEvent } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { unwritable } from '../model/replace-file.ts';
import { createIdSource } from './event-id.ts';
import { formatEventLine } from './event-line.ts';
import { createEventMemory } from './event-memory.ts';
import { openSegments } from './open-segments.ts';
import { readSegments } from './read-segments.ts';
import { createSegmentWriter } from './segment-writer.ts';

export interface EventLogOptions {
  /** Made where it is missing. */
  readonly folder: string;
  /** Bytes on disk at most. What was set aside may take as much again. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * A sequence that was given before, as the state file and the sinks' cursors know it: none up to it is given again,
   * also where the events with it never reached the disk.
   */
  readonly after?: number;
}

export interface EventLogStatus {
  readonly oldest: number;
  readonly newest: number;
  /** On disk. */
  readonly bytes: number;
  readonly writable: boolean;
  /** Why it cannot be written; null where it can. */
  readonly error: string | null;
  /** Events in memory alone. */
  readonly unwritten: number;
  /** Events that were dropped since the start because neither disk nor memory had room. */
  readonly dropped: number;
  /** Lines that were found to be no events, as far as the log was read. */
  readonly damaged: number;
}

/**
 * The events of this host in order: history for people, and the one spool that all sinks read from. An event that can be
 * read is on disk, except where the disk does not take it.
 */
export interface EventLog extends EventReader {
  /** What was found wrong at the start, a sentence each; empty where nothing was. */
  readonly problems: readonly string[];
  /**
   * Gives the events their place and writes them; settles when they can be read. Appends that come while the disk is busy
   * share the next write. Never fails: what cannot be written is kept in memory and written when it can be.
   */
  append(drafts: readonly EventDraft[]): Promise<readonly PortreeveEvent[]>;
  /** Is called with every event, in order, once it can be read; gives what ends that. */
  subscribe(listener: (events: readonly PortreeveEvent[]) => void): () => void;
  /** Tries now to write what is not on disk; whether all is. */
  flush(): Promise<boolean>;
  status(): EventLogStatus;
  /** Writes what can be written. */
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;
/** A disk that has not answered for so long counts as one that does not take anything. */
const STALL_MS = 5_000;

/** Opens the event log, and mends it (`openSegments`). Never fails: without a disk there is one in memory. */
export async function openEventLog({ folder, maxBytes, maxAgeMs, host, clock, logger, after = 0 }: EventLogOptions): Promise<EventLog> {
  const { segments, highest, lastId, problems: found } = await openSegments({ folder, maxBytes, clock });
  const problems = after > highest ? [...found, `${folder}: events up to ${after} were given, and the event log has none after ${highest}`] : found;
  for (const problem of problems) logger.warning('the event log was damaged', { problem });

  const writer = createSegmentWriter({ folder, segments, maxBytes, maxAgeMs, clock });
  const memory = createEventMemory(Math.max(highest, after));
  const nextId = createIdSource({ clock, after: lastId });
  const listeners = new Set<(events: readonly PortreeveEvent[]) => void>();
  let waiting: { readonly upTo: number; readonly resolve: () => void }[] = [];
  /** Given, and readable. */
  let given = Math.max(highest, after);
  let newest = given;
  let inFlight = 0;
  let running: Promise<void> | null = null;
  let error: string | null = null;
  let retry: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let dropped = 0;
  /** Dropped and not told of yet. */
  let untold = 0;
  let isClosed = false;

  const stamp = (draft: EventDraft): PortreeveEvent => {
    const { kind, audience, severity, message, alert, listener, differences, detail } = draft;
    given += 1;
    return { schema: 'portreeve/event/v1', id: nextId(), sequence: given, time: clock.now().toISOString(), host, kind, audience, severity, message, alert, listener, differences, detail };
  };

  const publish = (upTo: number): void => {
    const fresh = memory.readBetween(newest, upTo, Infinity);
    newest = Math.max(newest, upTo);
    memory.forgetWritten(newest);
    const ready = waiting.filter((each) => each.upTo <= newest);
    waiting = waiting.filter((each) => each.upTo > newest);
    for (const { resolve } of ready) resolve();
    for (const listener of fresh.length === 0 ? [] : [...listeners]) {
      try {
        listener(fresh);
      } catch (cause) {
        logger.error('a listener to the event log failed', { error: String(cause) });
      }
    }
  };

  /** The events are read from memory until the disk takes them. */
  const giveUp = (reason: string): void => {
    if (error === null) logger.error('the event log cannot be written, and its events are kept in memory', { folder, error: reason });
    error = reason;
    const lost = memory.dropUnwritten(inFlight);
    dropped += lost;
    untold += lost;
    publish(given);
  };

  const scheduleRetry = (): void => {
    clearTimeout(retry);
    if (isClosed) return;
    retry = setTimeout(() => void startWriting(), retryMs);
    retry.unref();
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  };

  const recover = (): void => {
    if (error === null) return;
    logger.info('the event log can be written again', { folder });
    error = null;
    retryMs = FIRST_RETRY_MS;
    clearTimeout(retry);
    if (untold === 0) return;
    const message = `${untold} ${untold === 1 ? 'event is' : 'events are'} missing from the event log, which could not be written for so long that memory ran out`;
    memory.add([formatEventLine(stamp({ kind: 'loss', audience: 'alert', severity: 'error', message, alert: null, listener: null, differences: [], detail: { where: 'event log', count: untold } }))]);
    untold = 0;
  };

  const writeUnwritten = async (): Promise<void> => {
    try {
      for (let lines = memory.unwritten(); lines.length > 0; lines = memory.unwritten()) {
        const batch = lines.slice(0, writer.fits(lines));
        inFlight = batch.length;
        const stall = setTimeout(() => { giveUp(`${folder}: the disk does not answer`); }, STALL_MS);
        stall.unref();
        try {
          await writer.write(batch);
        } finally {
          clearTimeout(stall);
          inFlight = 0;
        }
        memory.markWritten(batch.length);
        recover();
        publish(batch.at(-1)?.event.sequence ?? newest);
      }
    } catch (cause) {
      giveUp(unwritable(folder, cause).message);
      scheduleRetry();
    } finally {
      running = null;
    }
  };

  const startWriting = (): Promise<void> => (memory.unwritten().length === 0 ? Promise.resolve() : (running ??= writeUnwritten()));
  const findOldest = (): number => segments.find(({ size }) => size > 0)?.first ?? Math.min(memory.oldest ?? Infinity, newest + 1);

  return {
    problems,
    get newest() {
      return newest;
    },
    get oldest() {
      return findOldest();
    },
    async readAfter(sequence, limit) {
      let from = sequence;
      while (from < memory.coversAfter) {
        const upTo = memory.coversAfter;
        const events = await readSegments({ segments, after: from, upTo, limit, logger });
        if (events.length > 0 || limit <= 0) return events;
        from = upTo;
      }
      return memory.readBetween(from, newest, limit);
    },
    async append(drafts) {
      if (drafts.length === 0) return [];
      const lines = drafts.map((draft) => formatEventLine(stamp(draft)));
      const upTo = given;
      memory.add(lines);
      const isReadable = new Promise<void>((resolve) => waiting.push({ upTo, resolve }));
      if (isClosed || error !== null) giveUp(error ?? `${folder}: the event log is closed`);
      else void startWriting();
      await isReadable;
      return lines.map(({ event }) => event);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async flush() {
      await startWriting();
      return memory.unwritten().length === 0;
    },
    status: () => ({
      oldest: findOldest(),
      newest,
      bytes: segments.reduce((sum, { size }) => sum + size, 0),
      writable: error === null,
      error,
      unwritten: memory.unwritten().length,
      dropped,
      damaged: segments.reduce((sum, { damaged }) => sum + damaged.size, 0),
    }),
    async close() {
      if (memory.unwritten().length > 0) await startWriting();
      isClosed = true;
      clearTimeout(retry);
      await running;
      await writer.close();
      const left = memory.unwritten().length;
      if (left > 0) logger.error('events are lost, as the event log could not be written', { folder, count: left });
    },
  };
}
