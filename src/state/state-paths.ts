import { join } from 'node:path';

/** What the daemon keeps in its state directory; the registry's snapshots lie beside it. */
export interface StatePaths {
  /** Segments of the event log. */
  readonly events: string;
  /** A cursor per sink. */
  readonly sinks: string;
  /** What the alerts were when it was last saved. */
  readonly state: string;
}

export function statePaths(stateDir: string): StatePaths {
  return { events: join(stateDir, 'events'), sinks: join(stateDir, 'sinks'), state: join(stateDir, 'state.json') };
}
