import type { Difference } from './audit-change.ts';
import type { AuditedListener } from './audit.ts';
import type { Severity } from './severity.ts';

/** What an event tells. A kind is stable (filters, MSGIDs and MESSAGE_IDs hang on it); kinds are added, never reused. */
export const EVENT_KINDS = [
  'opened', // an alert begins: a listener has a finding that no exception silences
  'changed', // its owner, or what the policy makes of it, is not what it was
  'reminder', // it is still open
  'resolved', // it is over: the listener closed, or nothing is wrong with it any more
  'transient', // a listener closed before it had settled
  'storm', // more alerts at once than are told one by one
  'exception', // an exception is about to expire, has expired, or nothing has used it for long
  'coverage', // what the daemon cannot see has changed
  'registry', // another registry came into force, or the update of it failed
  'policy', // another policy or configuration came into force, or was refused
  'agent', // the agent started, stopped, or found its own state damaged
  'loss', // events were lost: a sink's backlog overflowed, the event log could not be written
  'test', // asked for by a person, to try a sink
  'listening', // a listener settled; a record, no alert
  'closed', // a settled listener closed; a record, no alert
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** What an event is for: `alert` goes to the sinks, `record` only into the event log and to those who watch. */
export type EventAudience = 'alert' | 'record';

/** An alert as an event shows it: the life of what is wrong with one listener. */
export interface AlertSummary {
  /** Stable over its life and over restarts of the agent: no pid, no inode. */
  readonly id: string;
  /** ISO 8601. */
  readonly openedAt: string;
  /** How often the listener opened during the alert's life: more than once where it flaps. */
  readonly openings: number;
  /** Why a `resolved` alert is over. */
  readonly resolution: 'closed' | 'excepted' | 'policy' | null;
}

/** What is known before the event log gives it a place. */
export interface EventDraft {
  readonly kind: EventKind;
  readonly audience: EventAudience;
  readonly severity: Severity;
  /** One line for a person; texts that a process chose are cleaned (`cleanText`) in it. */
  readonly message: string;
  readonly alert: AlertSummary | null;
  /** The listener as the audit has it, findings and all; null where the event is about none. */
  readonly listener: AuditedListener | null;
  /** What is not what it was (`changed`). */
  readonly differences: readonly Difference[];
  /** What belongs to this kind alone, flat: `count`, `livedMs`, `exception` ... camelCase keys. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>>;
}

/** `portreeve/event/v1`, as the event log, the JSON sinks and `watch` have it. Keys are only ever added. */
export interface PortreeveEvent extends EventDraft {
  readonly schema: 'portreeve/event/v1';
  /** Unique among all hosts and times; the same whenever the event is sent again. 26 characters, in order of time (a ULID). */
  readonly id: string;
  /** Place in this host's event log: one more than the event before. */
  readonly sequence: number;
  /** ISO 8601. */
  readonly time: string;
  readonly host: string;
}

/** Reads the event log in order; what a sink, `history` and `watch` need of it. */
export interface EventReader {
  /** Sequence of the newest event, 0 where there is none. */
  readonly newest: number;
  /** Sequence of the oldest event that is still there; `newest + 1` where none is. */
  readonly oldest: number;
  /** At most `limit` events after that sequence, oldest first. Events that are gone or unreadable are missing from it: the sequences tell. */
  readAfter(sequence: number, limit: number): Promise<readonly PortreeveEvent[]>;
}

/** How far a sink has got, kept on disk. */
export interface SinkCursor {
  /** All events up to this one need not be sent again. */
  readonly confirmed: number;
  /** The last one of which an attempt to send began: those between are possible duplicates when sent again. */
  readonly attempted: number;
  /** Mark of the receiver, 16 hexadecimal digits, if it is one that is known to end a connection after its sender. */
  readonly closedBy?: string | undefined;
}

/** Keeps the cursors. */
export interface CursorStore {
  /** Null where the sink never had one; `unreadable` where it had, and what is there now is torn, foreign, or not to be had. */
  load(sink: string): SinkCursor | 'unreadable' | null;
  /**
   * Cheap enough for every batch: one small write in place, no wait for the disk. Settles when a crash would not lose it,
   * or at once where that cannot be had; never rejects.
   */
  save(sink: string, cursor: SinkCursor): Promise<void>;
}
