import type { OwnerViewWish, SourceName } from './coverage.ts';
import type { EventKind } from './event.ts';
import type { Severity } from './severity.ts';

/** `portreeve.yaml`, read and validated, with the defaults where it says nothing. Durations are milliseconds, sizes bytes. */
export interface Config {
  /** The file that was read; null where there is none and the defaults count. */
  readonly file: string | null;
  readonly scan: ScanConfig;
  readonly alerts: AlertConfig;
  readonly policy: {
    /** Files and folders; null for /etc/portreeve/rules.d where it has any. */
    readonly rules: readonly string[] | null;
    readonly shipped: boolean;
    /** An exception that no listener used for so long is reported. */
    readonly unusedAfter: number;
  };
  readonly registry: {
    /** Official CSV or compiled snapshot; null for the one in force. */
    readonly file: string | null;
    /** Where `registry update` fetches from; null for IANA's own address. */
    readonly url: string | null;
    readonly allowHttp: boolean;
    readonly caFile: string | null;
    readonly autoUpdate: boolean;
    /** Between two automatic updates; each is up to a tenth earlier or later. */
    readonly interval: number;
    /** From this age on the registry counts as old. */
    readonly maxAge: number;
  };
  readonly state: {
    /** Null: STATE_DIRECTORY, else /var/lib/portreeve. */
    readonly dir: string | null;
    /** Bounds of the event log. */
    readonly maxSize: number;
    readonly maxAge: number;
  };
  readonly control: {
    /** Unix socket of the daemon; null for none. */
    readonly socket: string | null;
    /** Group that may ask besides root. */
    readonly group: string | null;
  };
  readonly metrics: {
    /** File for node_exporter's textfile collector; null for none. */
    readonly textfile: string | null;
    readonly interval: number;
  };
  readonly log: { readonly level: LogLevel };
  readonly sinks: readonly SinkConfig[];
}

export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ScanConfig {
  readonly source: SourceName | null;
  /** Of one-off audits. */
  readonly owners: OwnerViewWish;
  /** Between two looks at the sockets. */
  readonly interval: number;
  /** Between two looks at everything: owners, executables, namespaces, exceptions. */
  readonly sweep: number;
  /** Whether the kernel's own events wake the daemon: where tracefs allows, or never. */
  readonly kernelEvents: 'auto' | 'off';
}

export interface AlertConfig {
  /** How long a listener must live before it alerts, by the severity of its worst finding. */
  readonly settle: Readonly<Record<Severity, number>>;
  /** Instead of that for UDP in the ephemeral range, where clients come and go. */
  readonly settleEphemeralUdp: number;
  /** How long a listener must be gone before its alert is resolved: a restart of the service is none. */
  readonly resolveAfter: number;
  /** Between two reminders of an open alert; null for none. */
  readonly reminder: number | null;
  /** As many openings of one listener within that time are flapping. */
  readonly flapping: { readonly openings: number; readonly within: number };
  /** No more alerts than that are opened one by one within that time; the rest are counted. */
  readonly storm: { readonly alerts: number; readonly within: number };
  readonly transient: {
    /** A finding of a listener that closed before it settled alerts from this severity on. */
    readonly severity: Severity | 'never';
    /** The same executable doing it as often within that time alerts too. */
    readonly repeats: number;
    readonly within: number;
  };
  /** How many days before its last an exception is announced to expire. */
  readonly expiryNotice: number;
}

export const DIALECTS = ['portreeve', 'ecs', 'ocsf'] as const;
/** Field names of a sink: portreeve's own, Elastic Common Schema, or OCSF's Detection Finding. */
export type Dialect = (typeof DIALECTS)[number];

/** Facilities of syslog that a process may claim, with their codes (RFC 5424, table 1; names of syslog(3)). */
export const SYSLOG_FACILITIES = {
  user: 1, mail: 2, daemon: 3, auth: 4, syslog: 5, lpr: 6, news: 7, uucp: 8, cron: 9, authpriv: 10, ftp: 11,
  local0: 16, local1: 17, local2: 18, local3: 19, local4: 20, local5: 21, local6: 22, local7: 23,
} as const;
export type SyslogFacility = keyof typeof SYSLOG_FACILITIES;

interface AnySinkConfig {
  /** Letters, digits, `-` and `_`: names its cursor. */
  readonly name: string;
  readonly minSeverity: Severity;
  /** Kinds of event it takes; null for all that are alerts. */
  readonly kinds: readonly EventKind[] | null;
}

export interface JournalSinkConfig extends AnySinkConfig {
  readonly type: 'journal';
}

export interface SyslogSinkConfig extends AnySinkConfig {
  readonly type: 'syslog';
  /** `local` is /dev/log. */
  readonly transport: 'local' | 'udp' | 'tcp' | 'tls';
  /** Path of the socket for `local`. */
  readonly path: string;
  /** Name or address for the others. */
  readonly host: string | null;
  readonly port: number;
  readonly format: 'rfc5424' | 'rfc3164';
  /** Over a stream: octet counting (RFC 6587, section 3.4.1) or a line feed after each. */
  readonly framing: 'octet-counting' | 'newline';
  /** Syslog facility by name, one of `SYSLOG_FACILITIES`. */
  readonly facility: string;
  /** Private enterprise number of the structured data. */
  readonly enterprise: number;
  /** Octets of one message at most; null for what the transport allows. */
  readonly maxLength: number | null;
  readonly dialect: Dialect;
  readonly tls: {
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
    /** Name that the certificate must bear; null for `host`. */
    readonly serverName: string | null;
  };
  /** Sent again after an unclean end: what was written in this time before it. */
  readonly resend: number;
}

export interface JsonSinkConfig extends AnySinkConfig {
  readonly type: 'json';
  /** File, or null for standard output. */
  readonly file: string | null;
  readonly dialect: Dialect;
}

export interface ExecSinkConfig extends AnySinkConfig {
  readonly type: 'exec';
  /** Program, by absolute path, and its arguments. No shell. */
  readonly command: readonly string[];
  readonly timeout: number;
  readonly concurrency: number;
  readonly dialect: Dialect;
}

export type SinkConfig = JournalSinkConfig | SyslogSinkConfig | JsonSinkConfig | ExecSinkConfig;
