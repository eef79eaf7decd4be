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
  succeed(events: number): void;
  lose(events: number): void;
  /** Somebody mended something: there is no need to wait. */
  hurry(): void;
  report(): Pick<SinkStatus, 'sent' | 'lost' | 'error' | 'lastSentAt'>;
}

/** Logs the first failure and the recovery, and what lies between only for who debugs: a receiver can be away for days. */
export function trackHealth(sink: string, target: string, clock: Clock, logger: Logger, random?: () => number): Health {
  let failures = 0;
  let retryAt: number | null = null;
  let sent = 0;
  let lost = 0;
  let error: string | null = null;
  let lastSentAt: string | null = null;
  return {
    get retryAt() {
      return retryAt;
    },
    fail(reason) {
      failures++;
      const delay = backoffDelay(failures, random);
      retryAt = clock.steady() + delay;
      const fields = { sink, target, error: reason, retryInMs: delay };
      if (error === null) logger.warning('a sink does not reach its receiver; its events wait in the event log', fields);
      else logger.debug('a sink still does not reach its receiver', fields);
      error = reason;
    },
    succeed(events) {
      sent += events;
      lastSentAt = clock.now().toISOString();
      if (error !== null) logger.info('a sink reaches its receiver again', { sink, target, failures });
      failures = 0;
      retryAt = null;
      error = null;
    },
    lose(events) {
      lost += events;
    },
    hurry() {
      retryAt = null;
    },
    report: () => ({ sent, lost, error, lastSentAt }),
  };
}
