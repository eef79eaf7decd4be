import type { Family } from '../../model/socket.ts';

/** What the event knows apart from UDP and raw sockets, which have no listening state. */
export const EVENT_PROTOCOLS = ['tcp', 'sctp', 'dccp', 'mptcp'] as const;
export type EventProtocol = (typeof EVENT_PROTOCOLS)[number];

/**
 * A socket that began or ceased to listen, anywhere on the host: the kernel does not tell in which network namespace.
 * A listen(2) that fails (the port is taken) reads as one that lived for microseconds. MPTCP shows as `mptcp` and, for
 * the subflow that the socket tables show, as `tcp`.
 */
export interface StateChange {
  readonly kind: 'listen' | 'close';
  readonly protocol: EventProtocol;
  readonly family: Family;
  /** Canonical text, as `SocketRecord` has it. */
  readonly address: string;
  /** Null where listen(2) came without bind(2): the kernel picks the port after the event. The `close` has it. */
  readonly port: number | null;
  /**
   * Thread that made the call (`/proc/<thread>` works for it; `Tgid` in its status is the process). For `close`: whoever
   * was running. Null inside a PID namespace, where the number means nothing.
   */
  readonly thread: number | null;
  /** The same for all events of one socket while it lives; later sockets may get it again. Means nothing else. */
  readonly socket: bigint;
  /** Nanoseconds of CLOCK_MONOTONIC: comparable to `process.hrtime.bigint()`. */
  readonly timestamp: bigint;
}

export interface Listening<T> extends StateChange {
  readonly kind: 'listen';
  /** What `identify` made of the thread when the event was read; null where it had left. */
  readonly caller: T | null;
}

export interface Closed extends StateChange {
  readonly kind: 'close';
}

/** The kernel overwrote events before they were read: exactly so many since the last such report. */
export interface LostEvents {
  readonly kind: 'lost';
  readonly count: number;
}

/** Events may be missing, and no one counted them: someone altered or cleared the trace. */
export interface BlindSpell {
  readonly kind: 'blind';
  /** For a person. */
  readonly reason: string;
}

export type KernelEvent<T> = Listening<T> | Closed | LostEvents | BlindSpell;
