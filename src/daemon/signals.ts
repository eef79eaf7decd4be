/** What the outside asks of the daemon, and a bell that wakes its loop. */
export interface Signals {
  /** Name of the signal that asked it to stop, or null. */
  readonly stop: NodeJS.Signals | null;
  /** Whether configuration, rules and registry are to be taken anew (SIGHUP); asked once for each time. */
  takeReload(): boolean;
  /** Settles at the next signal. */
  next(): Promise<void>;
  close(): void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** @param force ends the process at once: the second signal to stop asks for no less */
export function hearDaemonSignals(target: NodeJS.Process, force: (signal: NodeJS.Signals) => void): Signals {
  let stop: NodeJS.Signals | null = null;
  let reload = false;
  let ring: () => void = () => undefined;
  let bell = new Promise<void>((resolve) => { ring = resolve; });
  const renewBell = (): void => {
    ring();
    bell = new Promise<void>((resolve) => { ring = resolve; });
  };
  const onStop = (signal: NodeJS.Signals): void => {
    if (stop !== null) force(signal);
    stop = signal;
    renewBell();
  };
  const onReload = (): void => {
    reload = true;
    renewBell();
  };
  // A command that runs once ends at SIGINT; this one has something to finish first.
  target.removeAllListeners('SIGINT');
  for (const signal of STOP_SIGNALS) target.on(signal, onStop);
  target.on('SIGHUP', onReload);
  return {
    get stop() {
      return stop;
    },
    takeReload() {
      const asked = reload;
      reload = false;
      return asked;
    },
    next: () => bell,
    close() {
      for (const signal of STOP_SIGNALS) target.off(signal, onStop);
      target.off('SIGHUP', onReload);
    },
  };
}
