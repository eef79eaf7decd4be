import type { Clock } from '../model/clock.ts';
import type { SinkStatus } from '../model/daemon.ts';
import type { Logger } from '../model/logger.ts';
import { backoffDelay } from './backoff.ts';
import { hintFor } from './failure-hints.ts';

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
  report(): Pick<SinkStatus, 'sent' | 'lost' | 'error' | 'hint' | 'failingSince' | 'lastSentAt'>;
}

/** Different reasons of one time of failure that are logged: a name with several addresses can fail in many ways. */
const MOST_REASONS = 5;

/** Logs the first failure of each kind and the recovery, and what lies between only for who debugs: a receiver can be away for days. */
export function trackHealth(sink: string, target: string, clock: Clock, logger: Logger, random?: () => number): Health {
  let failures = 0;
  let retryAt: number | null = null;
  let sent = 0;
  let lost = 0;
  let error: string | null = null;
  let failingSince: string | null = null;
  const told = new Set<string>();
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
      const hint = hintFor(reason);
      const fields = { sink, target, error: reason, ...(hint === null ? {} : { hint }), retryInMs: delay };
      const isNews = !told.has(reason) && told.size < MOST_REASONS;
      if (failures === 1) logger.warning('a sink does not reach its receiver; its events wait in the event log', fields);
      else if (isNews) logger.warning('a sink still does not reach its receiver, and now for another reason', fields);
      else logger.debug('a sink still does not reach its receiver', fields);
      if (isNews) told.add(reason);
    },
    take(events) {
      sent += events;
      lastSentAt = clock.now().toISOString();
      retryAt = null;
    },
    // Not before: one that is stopped takes what its kernel has room for, and would seem to be well between two failures.
    succeed() {
      if (failures > 0) logger.info('a sink reaches its receiver again', { sink, target, failures });
      failures = 0;
      told.clear();
      failingSince = null;
      error = null;
    },
    lose(events) {
      lost += events;
    },
    hurry() {
      retryAt = null;
    },
    report: () => ({ sent, lost, error, hint: error === null ? null : hintFor(error), failingSince, lastSentAt }),
  };
}
