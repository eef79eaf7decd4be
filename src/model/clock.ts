/** Time as the daemon reads it. */
export interface Clock {
  /** Of the wall: what people read. It can be set back and forth. */
  now(): Date;
  /** Milliseconds that only ever grow, from any start (CLOCK_MONOTONIC; stands still while the machine is suspended). */
  steady(): number;
}

export const SYSTEM_CLOCK: Clock = { now: () => new Date(), steady: () => performance.now() };
