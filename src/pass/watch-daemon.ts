import { askDaemon } from '../control/client.ts';
import { PortreeveError } from '../model/errors.ts';
import type { EventKind, PortreeveEvent } from '../model/event.ts';
import { severityRank, type Severity } from '../model/severity.ts';

export interface WatchWish {
  readonly socket: string;
  /** Null for all. */
  readonly kinds: readonly EventKind[] | null;
  /** Null for any. */
  readonly minSeverity: Severity | null;
  /** Go on when the daemon comes back, rather than end. */
  readonly retry: boolean;
  readonly signal?: AbortSignal;
  /** How the time between two attempts passes. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** What a watcher sees. From `watching` on nothing is passed over unsaid, until the daemon is `gone`. */
export type Watched =
  | { readonly kind: 'watching' }
  | { readonly kind: 'event'; readonly event: PortreeveEvent }
  | { readonly kind: 'missed'; readonly count: number }
  | { readonly kind: 'gone'; readonly reason: string };

const RETRY_MS = 1000;

/**
 * Events of the daemon as they happen, until it goes or the signal comes; with `retry` past that, and `gone` is told once
 * for each time.
 * @throws PortreeveError `daemon-unreachable` without `retry`, also when the daemon goes; `control-failed`
 */
export async function* watchDaemon({ socket, kinds, minSeverity, retry, signal, wait = pause }: WatchWish): AsyncGenerator<Watched, void, undefined> {
  let isGone = false;
  for (;;) {
    let failure = new PortreeveError('daemon-unreachable', `${socket}: the daemon has gone`, { hint: 'systemctl status portreeve tells why; with --retry this goes on when it is back' });
    try {
      for await (const answer of askDaemon(socket, { request: 'watch', kinds }, signal === undefined ? {} : { signal })) {
        if (answer.answer === 'watching') {
          isGone = false;
          yield { kind: 'watching' };
        } else if (answer.answer === 'missed') yield { kind: 'missed', count: answer.count };
        else if (answer.answer === 'event' && isWanted(answer.event, minSeverity)) yield { kind: 'event', event: answer.event };
      }
    } catch (error) {
      if (!(error instanceof PortreeveError) || error.code !== 'daemon-unreachable') throw error;
      failure = error;
    }
    if (signal?.aborted === true) return;
    if (!retry) throw failure;
    if (!isGone) yield { kind: 'gone', reason: failure.message };
    isGone = true;
    await wait(RETRY_MS);
  }
}

function isWanted({ severity }: PortreeveEvent, minSeverity: Severity | null): boolean {
  return minSeverity === null || severityRank(severity) >= severityRank(minSeverity);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
