import type { PortreeveError } from '../../model/errors.ts';
import { transferFailed } from './transfer-errors.ts';

/** How long a transfer may take, in milliseconds. */
export interface TimeLimits {
  /** From the start of a request to an established connection, TLS included. */
  readonly connectMs: number;
  /** Without a byte. */
  readonly idleMs: number;
  /** For all of it, redirects included: a server that sends a byte now and then keeps the others from ending it. */
  readonly totalMs: number;
}

/** Ends a transfer that takes too long. */
export interface TransferClock {
  /** Aborted with a PortreeveError as its reason. */
  readonly signal: AbortSignal;
  /** A connection is being made: the time for this starts. */
  connecting(url: URL): void;
  /** Something came, or a connection is there: the time without a byte starts anew. */
  alive(url: URL): void;
  stop(): void;
}

export function startClock(limits: TimeLimits, url: URL): TransferClock {
  const controller = new AbortController();
  const end = (error: PortreeveError): void => {
    controller.abort(error);
  };
  const total = setTimeout(() => {
    end(transferFailed(url, `not done within ${inSeconds(limits.totalMs)}`, 'Try again, allow more with --timeout SECONDS, or fetch the file elsewhere and name it with --from FILE.'));
  }, limits.totalMs);
  let step: NodeJS.Timeout | undefined;
  const allow = (ms: number, error: () => PortreeveError): void => {
    clearTimeout(step);
    step = setTimeout(() => {
      end(error());
    }, ms);
  };
  return {
    signal: controller.signal,
    connecting(to) {
      allow(limits.connectMs, () => transferFailed(to, `no connection to ${to.host} within ${inSeconds(limits.connectMs)}`));
    },
    alive(from) {
      allow(limits.idleMs, () => transferFailed(from, `${from.host} sent nothing for ${inSeconds(limits.idleMs)}`, 'Try again later, or fetch the file elsewhere and name it with --from FILE.'));
    },
    stop() {
      clearTimeout(step);
      clearTimeout(total);
    },
  };
}

function inSeconds(ms: number): string {
  return `${ms / 1000} s`;
}
