import type { Clock } from '../model/clock.ts';
import type { SinkStatus } from '../model/daemon.ts';
import type { Logger } from '../model/logger.ts';
import { backoffDelay } from './backoff.ts';

/** What is told of one sink, and when it may try again. */
export interface Health {
  /** On the steady clock; null where nothing stands in the way. */
  readonly retryAt: number | null;
  /** The receiver could not be reached, or the connection to it ended badly. */
  fail(reason: string): void;
  /** So many events were taken. */
  take(events: number): void;
  /** What was taken has arrived. A receiver that takes everything and then breaks is no better than one that is away. */
  succeed(): void;
  lose(events: number): void;
  /** Somebody mended something: there is no need to wait. */
  hurry(): void;
  report(): Pick<SinkStatus, 'sent' | 'lost' | 'error' | 'failingSince' | 'lastSentAt'>;
}

/** Logs the first failure and the recovery, and what lies between only for who debugs: a receiver can be away for days. */
export function trackHealth(sink: string, target: string, clock: Clock, logger: Logger, random?: () => number): Health {
  let failures = 0;
  let retryAt: number | null = null;
  let sent = 0;
  let lost = 0;
  let error: string | null = null;
  let failingSince: string | null = null;
  let lastSentAt: string | null = null;
  return {
    get retryAt() {
      return retryAt;
    },
    fail(reason) {
      failures++;
      const delay = backoffDelay(failures, random);
      retryAt = clock.steady() + delay;
      error = reason;
      failingSince ??= clock.now().toISOString();
      const fields = { sink, target, error: reason, retryInMs: delay };
      if (failures === 1) logger.warning('a sink does not reach its receiver; its events wait in the event log', fields);
      else logger.debug('a sink still does not reach its receiver', fields);
    },
    take(events) {
      sent += events;
      lastSentAt = clock.now().toISOString();
      retryAt = null;
      error = null;
    },
    succeed() {
      if (failures > 0) logger.info('a sink reaches its receiver again', { sink, target, failures });
      failures = 0;
      failingSince = null;
    },
    lose(events) {
      lost += events;
    },
    hurry() {
      retryAt = null;
    },
    // Between two failures a receiver may seem well: it fails since the first, and is not said to while it does not.
    report: () => ({ sent, lost, error, failingSince: error === null ? null : failingSince, lastSentAt }),
  };
}
