import { SYSTEM_CLOCK } from '../model/clock.ts';
import type { LogLevel } from '../model/config.ts';
import { openLogOutput } from '../service/log-output.ts';
import { createLogger } from '../service/logger.ts';
import { openProcessNotifier } from '../service/notifier.ts';
import { openDaemon, type DaemonChoice } from './open-daemon.ts';
import { runDaemon } from './run-daemon.ts';
import { hearDaemonSignals } from './signals.ts';
import { keepHeapSmall } from './small-heap.ts';

const SIGNAL_NUMBERS = { SIGTERM: 15, SIGINT: 2 } as const;

/**
 * Runs the daemon in this process until a signal ends it.
 * @returns the exit code
 * @throws PortreeveError where it cannot start
 */
export async function startDaemon(choice: DaemonChoice): Promise<number> {
  const clock = SYSTEM_CLOCK;
  const output = openLogOutput(process.env);
  let level: LogLevel = 'info';
  const logger = await createLogger({ level: () => level, form: output.form, clock, write: output.write });
  const notifier = openProcessNotifier(clock);
  const signals = hearDaemonSignals(process, (signal) => {
    logger.warning('a second signal: ending at once', { signal });
    process.exit(128 + (SIGNAL_NUMBERS[signal as keyof typeof SIGNAL_NUMBERS]));
  });
  const surroundings = {
    clock,
    logger,
    notifier,
    underSystemd: output.form === 'journal',
    setLogLevel: (next: LogLevel) => { level = next; },
    environment: process.env,
  };
  try {
    const daemon = await openDaemon(choice, surroundings);
    keepHeapSmall();
    return await runDaemon(daemon, surroundings, signals);
  } finally {
    signals.close();
    notifier.close();
  }
}
