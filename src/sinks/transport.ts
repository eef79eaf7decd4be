import type { PortreeveEvent } from '../model/event.ts';

/** An event on its way to one receiver. */
export interface Outgoing {
  readonly event: PortreeveEvent;
  /** It may have arrived before: an attempt to send it began and did not end well. */
  readonly possibleDuplicate: boolean;
}

/** An event in the form that a receiver takes, which gets it in UTF-8. */
export type Encode = (outgoing: Outgoing) => string;

export interface SendOutcome {
  /** So many of the batch were taken, counted from its first. */
  readonly taken: number;
  /** So many may have gone out; those beyond `taken` are possible duplicates when they are sent again. */
  readonly attempted: number;
  /** Why not all were taken; null where they were. One line, cleaned. */
  readonly error: string | null;
  /** The event after those taken was refused for itself; others might go through. */
  readonly refused?: boolean;
}

/** A way to the receiver that is open. One call at a time. */
export interface Channel {
  /**
   * What shows that events arrived: that they were sent (a file, a program that ended well), only that the receiver closed
   * its side after `close` ended ours (syslog over a stream has no other acknowledgement), or nothing (UDP).
   */
  readonly proof: 'sent' | 'closed' | 'nothing';
  /** Why it can no longer be used, or null. */
  readonly broken: string | null;
  /** What is known of the connection (`protocol`, `certificate` ...), for `sink test`. */
  readonly facts: Readonly<Record<string, string>>;
  /** Sends in order. Never rejects; ends soon after the signal is aborted. */
  send(batch: readonly Outgoing[], signal: AbortSignal): Promise<SendOutcome>;
  /** Says good-bye. True where the receiver has read all that was sent. Never rejects. */
  close(signal: AbortSignal): Promise<boolean>;
  /** Drops it at once. */
  destroy(): void;
}

/** How events get to one receiver. */
export interface Transport {
  /** Where to, for a person. No secrets. */
  readonly target: string;
  /** Mark of the receiver, once it closed its side after ours: to be kept, and handed in at the next start. */
  readonly closedBy?: string | undefined;
  /**
   * Opens a way there; `broken` is called when it breaks between two calls.
   * @throws Error that says in one line what happened
   */
  open(broken: () => void, signal: AbortSignal): Promise<Channel>;
  /** Files are to be opened anew (SIGHUP). */
  reopen?(): void;
}

/** How long the parts of a conversation may take. Milliseconds. */
export interface Patience {
  /** Name look-up, connection and TLS handshake together. */
  readonly connect: number;
  /** Without any progress in sending: the receiver accepts and does not read. */
  readonly stall: number;
  /** Until the receiver closes its side. */
  readonly close: number;
  /** In which a receiver that does not let everybody in ends a connection that it took: an end of ours within it proves nothing. */
  readonly refusal: number;
}

export const PATIENCE: Patience = { connect: 10_000, stall: 30_000, close: 15_000, refusal: 1000 };
