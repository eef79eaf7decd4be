/** What one client, and all of them, may cost the daemon. */
export interface ControlLimits {
  /** At once. */
  readonly clients: number;
  /** At once of one user other than root, so that nobody keeps root from asking. */
  readonly clientsPerUser: number;
  readonly requestBytes: number;
  /** From the connection, or the end of an answer, to the whole of a request. Milliseconds. */
  readonly idleMs: number;
  /** How long 64 KiB of an answer may wait to be read. Milliseconds. */
  readonly stallMs: number;
  /** Of one watcher: what waits to be sent. What comes on top is counted, and the count is told. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** What clients get to take the rest of an answer when the daemon stops. Milliseconds. */
  readonly closeMs: number;
}

export const CONTROL_LIMITS: ControlLimits = {
  clients: 16,
  clientsPerUser: 8,
  requestBytes: 65_536,
  idleMs: 10_000,
  stallMs: 30_000,
  queuedEvents: 1000,
  queuedBytes: 1_048_576,
  closeMs: 1000,
};
