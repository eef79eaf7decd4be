import { LOG_LEVELS } from '../model/config.ts';
import { OWNER_VIEW_WISHES, SOURCE_NAMES } from '../model/coverage.ts';
import { SEVERITIES } from '../model/severity.ts';
import { choice, flag, integerIn, type ScalarKind } from '../yaml/scalar-kinds.ts';
import { durationIn, formatDuration, parseDuration } from './duration.ts';
import { key, section, type Key } from './key-table.ts';
import { absolutePath, fetchUrl, groupName, showUrl, socketPath, textfilePath } from './plain-kinds.ts';
import { formatSize, parseSize, sizeIn } from './size.ts';
import { listOf, orWord, plain, textOf, type ValueKind } from './value-kinds.ts';

/** A duration between two bounds, and what it is where the file does not say. */
export function span(least: string, most: string, usual: string, description: string): Key<number> {
  return key(plain(durationIn(least, most), formatDuration), parseDuration(usual) ?? NaN, description);
}

function size(least: string, most: string, usual: string, description: string): Key<number> {
  return key(plain(sizeIn(least, most), formatSize), parseSize(usual) ?? NaN, description);
}

function count(least: number, most: number, usual: number, description: string): Key<number> {
  return key(plain(integerIn(least, most)), usual, description);
}

function word<const Word extends string>(words: readonly Word[], usual: NoInfer<Word>, description: string): Key<Word> {
  return key(plain(choice(words)), usual, description);
}

/** Text that may also not be there, for which a word stands. */
function textOr(none: string, kind: ScalarKind<string>, description: string): Key<string | null> {
  return key(orWord(none, textOf(kind)), null, description);
}

function toggle(usual: boolean, description: string): Key<boolean> {
  return key(plain(flag), usual, description);
}

const PATHS: ValueKind<readonly string[]> = listOf('absolute paths', textOf(absolutePath), 0, 1000);
/** The longest that a listener can be held back: whoever waits longer has forgotten what for. */
const LONGEST_SETTLE = '1h';

/**
 * Every key of `portreeve.yaml` but `version` and the sinks, with its default. From this table come the reading, the
 * suggestions, `config/portreeve.yaml`, the tables of docs/configuration.md and the JSON Schema.
 */
export const KEYS = {
  scan: section('How the host is looked at.', {
    source: key(orWord('auto', plain(choice(SOURCE_NAMES))), null, 'Where the sockets are read from; auto takes the best that works here.'),
    owners: word(OWNER_VIEW_WISHES, 'auto', 'How a one-off audit finds who holds a socket: by reading /proc, or by a BPF program that the kernel runs; auto: the quicker that works here. The daemon reads /proc.'),
    interval: span('100ms', '1h', '1s', 'Between two looks at the sockets; while nothing changes, a look costs next to nothing.'),
    sweep: span('1s', '1d', '60s', 'Between two looks at everything: owners, executables, namespaces, exceptions. Not below interval.'),
    kernelEvents: word(['auto', 'off'], 'auto', 'Whether the events of the kernel (tracefs) wake the daemon as soon as a TCP listener opens; auto: where that works.'),
  }),
  alerts: section('When a finding becomes an alert, and for how long.', {
    settle: section('How long a listener must live before it alerts, by the severity of its worst finding.', {
      critical: span('0s', LONGEST_SETTLE, '0s', 'For a critical finding.'),
      error: span('0s', LONGEST_SETTLE, '3s', 'For an error.'),
      warning: span('0s', LONGEST_SETTLE, '5s', 'For a warning.'),
      notice: span('0s', LONGEST_SETTLE, '5s', 'For a notice.'),
      info: span('0s', LONGEST_SETTLE, '5s', 'For an info.'),
    }),
    settleEphemeralUdp: span('0s', '1d', '60s', 'Instead of that for UDP in the range of ephemeral ports, where clients come and go.'),
    resolveAfter: span('0s', '1d', '30s', 'How long a listener must be gone before its alert is over, so that a restart of its service raises none.'),
    reminder: key(orWord('never', plain(durationIn('1m', '365d'), formatDuration)), parseDuration('24h'), 'Between two reminders of an alert that is still open.'),
    flapping: section('A listener that keeps opening and closing is one flapping alert, with a count.', {
      openings: count(2, 1000, 5, 'How many openings of one listener within that time are flapping.'),
      within: span('1s', '1d', '10m', 'The time that they are counted in.'),
    }),
    storm: section('What keeps a flood of alerts from drowning everything else.', {
      alerts: count(1, 10_000, 50, 'How many alerts are opened one by one within that time; the rest are counted, and told as one.'),
      within: span('1s', '1h', '10s', 'The time that they are counted in.'),
    }),
    transient: section('Listeners that close before they have settled. The history has them all.', {
      severity: word([...SEVERITIES, 'never'], 'error', 'From this severity of its worst finding on, such a listener alerts all the same.'),
      repeats: count(2, 1000, 3, 'How often the same executable must do it within that time to alert, whatever the severity.'),
      within: span('1s', '30d', '1h', 'The time that they are counted in.'),
    }),
    expiryNotice: count(0, 365, 14, 'How many days before its last an exception is announced to expire.'),
  }),
  policy: section('The rules and exceptions in force.', {
    rules: key(orWord('default', PATHS), null, 'Files and folders of rules and exceptions; default is /etc/portreeve/rules.d, where that has any.'),
    shipped: toggle(true, 'Whether the packs that portreeve ships are in force too.'),
    unusedAfter: span('1d', '3650d', '90d', 'An exception that no listener needed for so long is reported.'),
  }),
  registry: section("IANA's registry of ports.", {
    file: textOr('default', absolutePath, 'Official CSV or compiled snapshot; default is the last update, or what portreeve ships where that is newer.'),
    url: key(orWord('default', plain(fetchUrl, showUrl)), null, "Where updates are fetched from; default is IANA's own address."),
    allowHttp: toggle(false, 'Whether an update may come over http:, where anyone on the way can change it.'),
    caFile: textOr('none', absolutePath, 'PEM file with further issuers of certificates to trust, for a mirror of your own.'),
    autoUpdate: toggle(false, 'Whether the daemon updates the registry by itself. It is the only thing that it ever fetches.'),
    interval: span('1d', '365d', '7d', 'Between two automatic updates; each is up to a tenth earlier or later.'),
    maxAge: span('1d', '3650d', '365d', 'From this age on the registry counts as old, and status and metrics say so.'),
  }),
  state: section('What is kept across restarts.', {
    dir: textOr('default', absolutePath, 'Folder for it; default is the StateDirectory= of the unit, or /var/lib/portreeve.'),
    maxSize: size('1MiB', '100GiB', '64MiB', 'No more than that is kept of the history: the oldest events go first.'),
    maxAge: span('1d', '3650d', '400d', 'No event of the history is kept for longer.'),
  }),
  control: section('The socket that portreeve status, audit, history and watch ask.', {
    socket: key(orWord('none', textOf(socketPath)), '/run/portreeve/control.sock', 'Unix socket; none for no socket at all.'),
    group: textOr('none', groupName, 'Group that may ask besides root. What it is told includes command lines of all users.'),
  }),
  metrics: section('Figures for Prometheus.', {
    textfile: textOr('none', textfilePath, "File for node_exporter's textfile collector, replaced as a whole each time."),
    interval: span('1s', '1h', '30s', 'Between two writings of it.'),
  }),
  log: section("The daemon's own log, which goes to the journal, or as JSON to standard error.", {
    level: word(LOG_LEVELS, 'info', 'The least that is logged.'),
  }),
};
