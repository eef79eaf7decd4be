import type { Socket } from 'node:net';
import type { ControlRequest, DaemonStatus, HistoryQuery, LatestAudit } from '../model/daemon.ts';
import type { EventKind, PortreeveEvent } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { createEventQueue } from './event-queue.ts';
import type { ControlLimits } from './limits.ts';
import { formatAudit, formatLine, Misread, parseRequest } from './protocol.ts';
import { LineTooLong, splitLines } from './split-lines.ts';

/** What the daemon can tell. */
export interface ControlAnswers {
  status(): DaemonStatus;
  /** Null before the first audit. */
  audit(): LatestAudit | null;
  history(query: HistoryQuery): AsyncIterable<PortreeveEvent>;
  /** Hands every event to the listener from now on; gives the function that ends it. */
  subscribe(listener: (event: PortreeveEvent) => void): () => void;
}

interface ServiceOptions {
  readonly answers: ControlAnswers;
  readonly limits: ControlLimits;
  readonly logger: Logger;
}

/** The client is gone, or was dropped. */
class ClientGone extends Error {}

/** So much is handed to the kernel at a time, and has to be read within `stallMs`. */
const PIECE = 65_536;

/**
 * Answers one client's requests, one after the other, until it leaves or one is refused. What waits to be sent is
 * bounded: an answer is made as fast as the client takes it. A client that has closed its half still gets its answer, but a
 * watch ends then: nothing else would tell that the watcher is gone.
 */
export async function serveClient(socket: Socket, { answers, limits, logger }: ServiceOptions): Promise<void> {
  const requests = splitLines(socket.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>, limits.requestBytes);
  try {
    for (;;) {
      const line = await nextRequest(requests, limits.idleMs);
      if (line === null) break;
      await answer(parseRequest(line));
    }
  } catch (error) {
    const message = explain(error);
    if (message !== null) socket.write(formatLine({ answer: 'error', message }));
  }
  closeSoon(socket, limits.closeMs);

  function answer(request: ControlRequest): Promise<void> {
    switch (request.request) {
      case 'status':
        return send([formatLine({ answer: 'status', status: answers.status() })]);
      case 'audit': {
        const latest = answers.audit();
        return send(latest === null ? [formatLine({ answer: 'audit', latest })] : formatAudit(latest));
      }
      case 'history':
        return sendHistory(request.query);
      case 'watch':
        return watch(request.kinds);
    }
  }

  async function sendHistory(query: HistoryQuery): Promise<void> {
    let count = 0;
    for await (const event of answers.history(query)) {
      await send([formatLine({ answer: 'event', event })]);
      count += 1;
    }
    await send([formatLine({ answer: 'end', count })]);
  }

  async function watch(kinds: readonly EventKind[] | null): Promise<void> {
    const queue = createEventQueue(limits);
    const watcher = { isOver: false, wake: (): void => undefined };
    const rest = requests.next().then(({ done }) => {
      if (done !== true) throw new Misread('a watch does not end: ask for anything else over another connection');
    });
    const end = (): void => {
      watcher.isOver = true;
      watcher.wake();
    };
    rest.then(end, end);
    const unsubscribe = answers.subscribe((event) => {
      if (kinds !== null && !kinds.includes(event.kind)) return;
      queue.add(event);
      watcher.wake();
    });
    try {
      await send([formatLine({ answer: 'watching' })]);
      while (!watcher.isOver) {
        const line = queue.take();
        if (line !== null) await send([line]);
        else await new Promise<void>((resolve) => (watcher.wake = resolve));
      }
    } finally {
      unsubscribe();
    }
    await rest;
  }

  async function send(pieces: Iterable<string>): Promise<void> {
    let gathered = '';
    for (const piece of pieces) {
      gathered += piece;
      while (gathered.length >= PIECE) {
        await write(gathered.slice(0, PIECE));
        gathered = gathered.slice(PIECE);
      }
    }
    if (gathered !== '') await write(gathered);
  }

  /** All is ASCII: characters are bytes. */
  function write(piece: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const drop = setTimeout(() => {
        logger.warning('a control client did not read its answer and was dropped', { stalledMs: limits.stallMs });
        socket.destroy();
      }, limits.stallMs);
      const settle = (): void => {
        clearTimeout(drop);
        socket.off('close', settle);
        if (socket.destroyed || socket.writableEnded) reject(new ClientGone());
        else resolve();
      };
      socket.once('close', settle);
      socket.write(piece, 'latin1', settle);
    });
  }

  /** What to tell the client; null where nobody is there to be told. */
  function explain(error: unknown): string | null {
    if (error instanceof ClientGone || socket.destroyed) return null;
    if (error instanceof LineTooLong) return `the request is longer than ${limits.requestBytes} bytes`;
    if (error instanceof Misread) return error.message;
    if (error instanceof IdleTooLong) return `no request came within ${limits.idleMs / 1000} s`;
    logger.error('a control request could not be answered', { reason: error instanceof Error ? error.message : String(error) });
    return 'the daemon could not answer: its log says why';
  }
}

/** Lets what was written go out, and what still comes in fall away: a peer that writes into a closed socket hears of nothing else. */
export function closeSoon(socket: Socket, milliseconds: number): void {
  socket.end();
  socket.resume();
  const drop = setTimeout(() => socket.destroy(), milliseconds);
  socket.once('close', () => { clearTimeout(drop); });
}

class IdleTooLong extends Error {}

/** The next line, or null at the end of what the client sends. */
async function nextRequest(requests: AsyncGenerator<string, void, undefined>, idleMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new IdleTooLong());
    }, idleMs);
  });
  try {
    const next = await Promise.race([requests.next(), late]);
    return next.done === true ? null : next.value;
  } finally {
    clearTimeout(timer);
  }
}
