import type { AuditedListener } from './audit.ts';
import type { HistoryQuery } from './daemon.ts';
import type { PortreeveEvent } from './event.ts';

/** One owner at one place (namespace, protocol, address, port), for as long as no other had it. */
export interface Tenure {
  /** As it was seen last. */
  readonly listener: AuditedListener;
  /** ISO 8601: when it was first seen there. */
  readonly from: string;
  /** When it was last seen to come: later than `from` where it left and came again. */
  readonly since: string;
  /** When it left; null where nothing says that it did. */
  readonly until: string | null;
  readonly openings: number;
  /** It was there already when portreeve began to look. */
  readonly wasThere: boolean;
}

/** Who held a port, and when, as far as the event log goes back. */
export interface PortHistory {
  readonly port: number;
  readonly protocol: string | null;
  /** Oldest first. */
  readonly tenures: readonly Tenure[];
  /** Tenures that are left out between the first and the others. */
  readonly omitted: number;
}

/** `portreeve/history/v1`. Keys are only ever added. */
export interface History {
  readonly schema: 'portreeve/history/v1';
  readonly query: HistoryQuery;
  /** The folder of the event log that was read, or the socket of the daemon that was asked. */
  readonly source: { readonly kind: 'event-log' | 'daemon'; readonly place: string };
  /** When the oldest event that is still there happened; null where there is none, and where the daemon was asked. */
  readonly oldest: string | null;
  /** Null unless one port was asked for. */
  readonly port: PortHistory | null;
  /** What fits the query, oldest first: the newest `limit` of it. */
  readonly events: readonly PortreeveEvent[];
}
