import { SYSTEM_CLOCK } from '../model/clock.ts';
import type { LogLevel } from '../model/config.ts';
import { within } from '../model/within.ts';
import { exitNow } from '../service/exit-now.ts';
import { openLogOutput } from '../service/log-output.ts';
import { createLogger } from '../service/logger.ts';
import { openProcessNotifier } from '../service/notifier.ts';
import type { Daemon, DaemonChoice, Surroundings } from './daemon.ts';
import { openDaemon } from './open-daemon.ts';
import { runDaemon } from './run-daemon.ts';
import { hearDaemonSignals, type Signals } from './signals.ts';
import { keepHeapSmall } from './small-heap.ts';

const SIGNAL_NUMBERS = { SIGTERM: 15, SIGINT: 2 } as const;
const EXIT_FAILED = 3;
const POOL_THREADS = '8';
/** The unit allows ten seconds (TimeoutStopSec=). Milliseconds, as all here. */
const CLOSE_WITHIN = 8_000;
const SLOW_START = 5_000;
const LINGER = 500;

/**
 * Runs the daemon in this process until a signal ends it.
 * @returns the exit code
 * @throws PortreeveError where it cannot start
 */
export async function startDaemon(choice: DaemonChoice): Promise<number> {
  // Read when the first call takes a thread of it. Four, as they are by default, are held by one disk that hangs.
  process.env['UV_THREADPOOL_SIZE'] ??= POOL_THREADS;
  const clock = SYSTEM_CLOCK;
  const output = openLogOutput(process.env);
  let level: LogLevel = 'info';
  const logger = await createLogger({ level: () => level, form: output.form, clock, write: output.write });
  const notifier = openProcessNotifier(clock);
  const signals = hearDaemonSignals(process, (signal) => {
    logger.warning('a second signal: ending at once', { signal });
    exitNow(128 + (SIGNAL_NUMBERS[signal as keyof typeof SIGNAL_NUMBERS]));
  });
  const surroundings = {
    clock,
    logger,
    notifier,
    underSystemd: output.form === 'journal',
    setLogLevel: (next: LogLevel) => { level = next; },
    environment: process.env,
  };
  let exitCode = EXIT_FAILED;
  try {
    const daemon = await open(choice, surroundings, signals);
    try {
      keepHeapSmall();
      exitCode = await runDaemon(daemon, surroundings, signals);
      return exitCode;
    } finally {
      if ((await within(daemon.close().then(() => true), CLOSE_WITHIN)) === null) {
        logger.error('a disk does not answer: ending without what it has not taken');
        exitNow(exitCode);
      }
    }
  } finally {
    signals.close();
    notifier.close();
    // Some call that nothing waited for may never come back.
    setTimeout(() => { exitNow(typeof process.exitCode === 'number' ? process.exitCode : exitCode); }, LINGER).unref();
  }
}

/** A stop during the start ends it in good order, unless it hangs. */
async function open(choice: DaemonChoice, surroundings: Surroundings, signals: Signals): Promise<Daemon> {
  const { logger } = surroundings;
  const slow = setTimeout(() => { logger.warning('the start takes long: a disk with the configuration or the state does not answer'); }, SLOW_START);
  try {
    const opening = openDaemon(choice, surroundings);
    const stopped = new Promise<void>((resolve) => {
      signals.onSignal(() => {
        if (signals.stop !== null) resolve();
      });
    });
    const daemon = await Promise.race([opening, stopped.then(() => within(opening, CLOSE_WITHIN))]);
    if (daemon !== null) return daemon;
    logger.error('asked to stop while the start hangs: ending at once', { signal: signals.stop });
    return exitNow(0);
  } finally {
    clearTimeout(slow);
  }
}
