import type { SinkConfig } from '../model/config.ts';
import type { SinkStatus } from '../model/daemon.ts';
import { createTransport, type TransportSurroundings } from './create-transport.ts';
import { lookUpNames } from './look-up-names.ts';
import { runSink, type RunningSink, type SinkDependencies } from './run-sink.ts';

export interface Sinks {
  /** There are new events in the log. Returns at once. */
  wake(): void;
  status(): readonly SinkStatus[];
  /** Opens files anew and tries failed receivers without waiting (SIGHUP). */
  reopen(): void;
  /** Sends what is left while that goes well, for at most so many milliseconds, and ends all sinks. Never rejects. */
  stop(deadline: number): Promise<void>;
}

/** Starts all sinks; each reads the event log by itself, and none waits for another. */
export function createSinks(configs: readonly SinkConfig[], dependencies: SinkDependencies & Pick<TransportSurroundings, 'patience' | 'lookUp'>): Sinks {
  const surroundings = { lookUp: lookUpNames(), ...dependencies };
  const sinks: readonly RunningSink[] = configs.map((config) => {
    const kept = dependencies.cursors.load(config.name);
    const closedBy = kept === 'unreadable' ? undefined : kept?.closedBy;
    return runSink(config, createTransport(config, { ...surroundings, closedBy }), dependencies);
  });
  return {
    wake() {
      for (const sink of sinks) sink.wake();
    },
    status: () => sinks.map((sink) => sink.status()),
    reopen() {
      for (const sink of sinks) sink.reopen();
    },
    async stop(deadline) {
      await Promise.all(sinks.map((sink) => sink.stop(deadline)));
    },
  };
}
