export const CHECK_STATES = ['ok', 'limited', 'missing', 'not-applicable'] as const;
/** `limited`: works, and not all of it; `missing`: does not work here; `not-applicable`: there is nothing to look at. */
export type CheckState = (typeof CHECK_STATES)[number];

/** Names of the checks, in the order in which they are told. Stable: scripts look for them. */
export const CHECK_NAMES = [
  'privileges', 'processes', 'pid-namespace', 'user-namespace', 'native-calls', 'sockets', 'owners', 'network-namespaces', 'protocols', 'published-ports',
  'kernel-events', 'cgroups', 'systemd', 'service', 'daemon', 'journal', 'syslog', 'clock', 'state-directory', 'memory',
  'configuration', 'registry', 'policy',
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

/** What one thing on this host allows. */
export interface DoctorCheck {
  readonly name: CheckName;
  readonly state: CheckState;
  /** What was found, in a clause. Texts that someone chose are cleaned in it. */
  readonly finding: string;
  /** What the lack costs; null where nothing is lacking. */
  readonly cost: string | null;
  /** The one line that mends it: a command, or a setting and its file. Null where nothing can, or nothing need. */
  readonly remedy: string | null;
  /** A complete audit is not to be had without it. */
  readonly needed: boolean;
}

/** `portreeve/doctor/v1`. Keys are only ever added. */
export interface DoctorReport {
  readonly schema: 'portreeve/doctor/v1';
  readonly version: string;
  readonly host: { readonly name: string; readonly os: string; readonly kernel: string };
  /** False where something that a complete audit needs is missing. */
  readonly ready: boolean;
  readonly checks: readonly DoctorCheck[];
}
