/** What the outside asks of the daemon. */
export interface Signals {
  /** Name of the signal that asked it to stop, or null. */
  readonly stop: NodeJS.Signals | null;
  /** Whether configuration, rules and registry are to be taken anew (SIGHUP); asked once for each time. */
  takeReload(): boolean;
  /** Is called at each of them, to wake who waits. */
  onSignal(wake: () => void): void;
  close(): void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

const ignore = (): void => undefined;

/** @param force ends the process at once: the second signal to stop asks for no less */
export function hearDaemonSignals(target: NodeJS.Process, force: (signal: NodeJS.Signals) => void): Signals {
  let stop: NodeJS.Signals | null = null;
  let reload = false;
  let wake = (): void => undefined;
  const onStop = (signal: NodeJS.Signals): void => {
    if (stop !== null) force(signal);
    stop = signal;
    wake();
  };
  const onReload = (): void => {
    reload = true;
    wake();
  };
  // A command that runs once ends at SIGINT; this one has something to finish first.
  target.removeAllListeners('SIGINT');
  for (const signal of STOP_SIGNALS) target.on(signal, onStop);
  target.on('SIGHUP', onReload);
  // Node opens its debugger at this one: a TCP port through which every local user can run code as the agent.
  target.on('SIGUSR1', ignore);
  return {
    get stop() {
      return stop;
    },
    takeReload() {
      const asked = reload;
      reload = false;
      return asked;
    },
    onSignal(callback) {
      wake = callback;
    },
    close() {
      for (const signal of STOP_SIGNALS) target.off(signal, onStop);
      target.off('SIGHUP', onReload);
      target.off('SIGUSR1', ignore);
    },
  };
}
