import type { Clock } from '../model/clock.ts';
import type { Config, LogLevel } from '../model/config.ts';
import type { SourceName } from '../model/coverage.ts';
import type { PortreeveError } from '../model/errors.ts';
import type { Logger } from '../model/logger.ts';
import type { Notifier } from '../service/notifier.ts';

/**
 * No wait of the main loop is longer: the watchdog of the unit wants to hear of it every 30 seconds, and that it did not run is
 * noticed by the time that passed. Milliseconds.
 */
export const LONGEST_WAIT = 5_000;

/** What the command line says; each counts before the configuration. */
export interface DaemonChoice {
  readonly config: string | null;
  readonly rules: readonly string[] | null;
  readonly registry: string | null;
  readonly stateDir: string | null;
  readonly source: SourceName | null;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly notifier: Notifier;
  /** Whether alerts go to the journal where the configuration says nothing of sinks. */
  readonly underSystemd: boolean;
  readonly setLogLevel: (level: LogLevel) => void;
  /** Proxy variables and further issuers of certificates, for the registry's update. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The daemon, put together; `runDaemon` drives it. */
export interface Daemon {
  /** A look or a sweep, or only what time alone has made due; writes and forwards what there is to tell. */
  turn(kind: 'look' | 'sweep' | null): Promise<void>;
  /** Counts as a look where it says true: there is nothing to do, which was found out at once. False: a turn is to be taken. */
  glance(): boolean;
  noteFailure(error: PortreeveError): void;
  /**
   * Waits so many milliseconds at most for the kernel's events; says whether they ask for a look at once.
   * @param again as in `Sleep.take`
   */
  hear(ms: number, again: () => number | null): Promise<boolean>;
  /** Ends that wait. */
  wake(): void;
  /** Steady clock at which a turn has something to do besides looking. */
  nextDue(): number | null;
  scan(): Config['scan'];
  reload(): Promise<void>;
  statusLine(): string;
  /** Hands over and writes what is left. May take for ever where a disk hangs. */
  close(): Promise<void>;
}
