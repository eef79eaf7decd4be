import { PortreeveError } from '../model/errors.ts';
import { LONGEST_WAIT, type Daemon, type Surroundings } from './daemon.ts';
import type { Signals } from './signals.ts';

/** A burst of the kernel's events costs one look in so much time, not one each. Milliseconds. */
const SPACING = 50;
/** A timer may end so much early, for it counts from when the event loop woke. Milliseconds. */
const EARLY = 2;
/** Each wait is up to this share shorter or longer, so that the hosts of a fleet do not beat in time: drawn anew at each turn. */
const JITTER = 0.1;
/** The second sweep comes so soon after the first, if not sooner: at a boot much starts beside the agent, and changes hands. Milliseconds. */
const SECOND_SWEEP = 15_000;
/** Failed turns in a row until the daemon gives up: whoever runs it starts it anew. */
const MOST_FAILURES = 30;

/**
 * The main loop: looks at the sockets at each interval, at all of the host at each sweep, and at once when the kernel
 * tells of a listener; until a signal asks it to stop.
 * @returns the exit code
 */
export async function runDaemon(daemon: Daemon, { clock, logger, notifier, random = Math.random }: Pick<Surroundings, 'clock' | 'logger' | 'notifier'> & { readonly random?: () => number }, signals: Signals): Promise<number> {
  /** Whole milliseconds, as a timer counts. */
  const jittered = (ms: number): number => Math.round(ms * (1 - JITTER + 2 * JITTER * random()));
  let failures = 0;
  let nextSweep = clock.steady();
  let nextLook = nextSweep;
  let earliestLook = nextSweep;
  /** Between two looks, until the next turn. */
  let pace = 0;
  let isReady = false;
  signals.onSignal(() => {
    daemon.wake();
  });
  const untilNext = (now: number): number => Math.max(0, Math.min(LONGEST_WAIT, Math.min(nextLook, nextSweep, daemon.nextDue() ?? Infinity) - now));
  /** Nearly all looks at an idle host end here: how much longer to wait; null where there is something to do. */
  const glance = (): number | null => {
    const now = clock.steady();
    if (failures > 0 || now + EARLY >= nextSweep || now + EARLY < nextLook || !daemon.glance()) return null;
    notifier.alive();
    nextLook = now + pace;
    earliestLook = now + SPACING;
    return untilNext(now);
  };
  try {
    while (signals.stop === null) {
      if (signals.takeReload()) {
        notifier.reloading();
        await daemon.reload();
        nextLook = Math.min(nextLook, clock.steady() + daemon.scan().interval);
        nextSweep = Math.min(nextSweep, clock.steady() + daemon.scan().sweep);
        notifier.ready(daemon.statusLine());
      }
      const now = clock.steady();
      const kind = now + EARLY >= nextSweep ? 'sweep' : now + EARLY >= nextLook ? 'look' : null;
      let isTaken = false;
      try {
        await daemon.turn(kind);
        isTaken = true;
        // A turn without a look proves nothing.
        if (kind !== null) failures = 0;
      } catch (error) {
        if (!(error instanceof PortreeveError)) throw error;
        failures += 1;
        daemon.noteFailure(error);
        if (failures >= MOST_FAILURES) {
          logger.error('giving up: the sockets could not be read many times in a row', { failures, error: error.message });
          return error.exitCode;
        }
      }
      const { interval, sweep } = daemon.scan();
      const done = clock.steady();
      pace = jittered(interval);
      if (kind !== null) {
        nextLook = done + pace;
        earliestLook = done + SPACING;
      }
      if (kind === 'sweep') nextSweep = done + jittered(!isTaken ? interval : isReady ? sweep : Math.min(sweep, SECOND_SWEEP));
      if (!isReady && failures === 0) {
        isReady = true;
        notifier.ready(daemon.statusLine());
        logger.info('portreeve is watching', { status: daemon.statusLine() });
      }
      notifier.status(daemon.statusLine());
      notifier.alive();
      if (await daemon.hear(untilNext(clock.steady()), glance)) nextLook = Math.min(nextLook, earliestLook);
    }
    logger.info('portreeve stops', { signal: signals.stop });
    return 0;
  } finally {
    signals.onSignal(() => undefined);
    notifier.stopping('stopping: the sinks take what is left');
  }
}
