import type { AuditReport } from '../model/audit.ts';
import { GAP_CODES, SOURCE_NAMES, type Coverage } from '../model/coverage.ts';
import type { DataReader } from '../model/data-reader.ts';
import type { DaemonStatus, LatestAudit, SinkStatus } from '../model/daemon.ts';
import { readListener } from '../model/read-listener.ts';
import { ASSIGNMENT_STATUSES } from '../model/registry.ts';
import { SEVERITIES } from '../model/severity.ts';

const MOST = Number.MAX_SAFE_INTEGER;
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

export function readLatestAudit(reader: DataReader): LatestAudit {
  return { report: readAudit(reader.at('report')), ageMs: reader.at('ageMs').amount() };
}

function readAudit(reader: DataReader): AuditReport {
  const [host, registry, policy, summary] = [reader.at('host'), reader.at('registry'), reader.at('policy'), reader.at('summary')];
  return {
    schema: reader.at('schema').oneOf(['portreeve/audit/v1']),
    version: reader.at('version').text(),
    host: { name: host.at('name').text(), os: host.at('os').text(), kernel: host.at('kernel').text() },
    startedAt: readMoment(reader.at('startedAt')),
    durationMs: reader.at('durationMs').amount(),
    registry: { source: registry.at('source').text(), updated: registry.at('updated').text() },
    policy: { files: readTexts(policy.at('files')), rules: readCount(policy.at('rules')), exceptions: readCount(policy.at('exceptions')), warnings: readTexts(policy.at('warnings')) },
    coverage: readCoverage(reader.at('coverage')),
    summary: {
      listeners: readCount(summary.at('listeners')),
      byStatus: readCounts(summary.at('byStatus'), ASSIGNMENT_STATUSES),
      bySeverity: readCounts(summary.at('bySeverity'), SEVERITIES),
      excepted: readCount(summary.at('excepted')),
    },
    listeners: reader.at('listeners').items().map(readListener),
  };
}

function readCoverage(reader: DataReader): Coverage {
  return {
    source: reader.at('source').oneOf(SOURCE_NAMES),
    complete: reader.at('complete').flag(),
    gaps: reader.at('gaps').items().map((gap) => ({
      code: gap.at('code').oneOf(GAP_CODES),
      detail: gap.at('detail').text(),
      count: readCount(gap.at('count')),
      hides: gap.at('hides').oneOf(['listeners', 'owners', 'details']),
    })),
  };
}

/** `portreeve/status/v1`. What is not of its type is among the reader's faults. */
export function readStatus(reader: DataReader): DaemonStatus {
  const [listeners, alerts, scan, kernelEvents, coverage] = [reader.at('listeners'), reader.at('alerts'), reader.at('scan'), reader.at('kernelEvents'), reader.at('coverage')];
  const [registry, policy, lastReload, eventLog] = [reader.at('registry'), reader.at('policy'), reader.at('lastReload'), reader.at('eventLog')];
  return {
    schema: reader.at('schema').oneOf(['portreeve/status/v1']),
    version: reader.at('version').text(),
    pid: readCount(reader.at('pid')),
    host: reader.at('host').text(),
    state: reader.at('state').oneOf(['starting', 'running', 'stopping']),
    startedAt: readMoment(reader.at('startedAt')),
    config: reader.at('config').textOrNull(),
    listeners: {
      total: readCount(listeners.at('total')),
      byStatus: readCounts(listeners.at('byStatus'), ASSIGNMENT_STATUSES),
      bySeverity: readCounts(listeners.at('bySeverity'), SEVERITIES),
      excepted: readCount(listeners.at('excepted')),
    },
    alerts: { open: readCount(alerts.at('open')), bySeverity: readCounts(alerts.at('bySeverity'), SEVERITIES) },
    scan: {
      intervalMs: scan.at('intervalMs').amount(),
      sweepMs: scan.at('sweepMs').amount(),
      ticks: readCount(scan.at('ticks')),
      changes: readCount(scan.at('changes')),
      lastTickAt: readMomentOrNull(scan.at('lastTickAt')),
      lastTickMs: scan.at('lastTickMs').amountOrNull(),
      lastSweepAt: readMomentOrNull(scan.at('lastSweepAt')),
      lastSweepMs: scan.at('lastSweepMs').amountOrNull(),
    },
    kernelEvents: { mode: kernelEvents.at('mode').oneOf(['tracefs', 'polling']), detail: kernelEvents.at('detail').text(), lost: readCount(kernelEvents.at('lost')) },
    coverage: coverage.isNull() ? null : readCoverage(coverage),
    registry: { source: registry.at('source').text(), updated: registry.at('updated').text(), ageDays: registry.at('ageDays').integer(-MOST, MOST), stale: registry.at('stale').flag() },
    policy: { files: readTexts(policy.at('files')), rules: readCount(policy.at('rules')), exceptions: readCount(policy.at('exceptions')), loadedAt: readMoment(policy.at('loadedAt')) },
    lastReload: lastReload.isNull() ? null : { at: readMoment(lastReload.at('at')), ok: lastReload.at('ok').flag(), problems: readTexts(lastReload.at('problems')) },
    eventLog: {
      oldest: readCount(eventLog.at('oldest')),
      newest: readCount(eventLog.at('newest')),
      bytes: readCount(eventLog.at('bytes')),
      writable: eventLog.at('writable').flag(),
      error: eventLog.at('error').textOrNull(),
    },
    sinks: reader.at('sinks').items().map(readSink),
    memory: { residentBytes: readCount(reader.at('memory').at('residentBytes')) },
  };
}

function readSink(reader: DataReader): SinkStatus {
  return {
    name: reader.at('name').text(),
    type: reader.at('type').text(),
    target: reader.at('target').text(),
    state: reader.at('state').oneOf(['idle', 'sending', 'waiting']),
    queued: readCount(reader.at('queued')),
    sent: readCount(reader.at('sent')),
    lost: readCount(reader.at('lost')),
    error: reader.at('error').textOrNull(),
    ...(reader.has('hint') ? { hint: reader.at('hint').textOrNull() } : {}),
    ...(reader.has('failingSince') ? { failingSince: readMomentOrNull(reader.at('failingSince')) } : {}),
    lastSentAt: readMomentOrNull(reader.at('lastSentAt')),
  };
}

export function readCount(reader: DataReader): number {
  return reader.integer(0, MOST);
}

/** A word that is missing counts as 0: an older version does not know it. */
function readCounts<Word extends string>(reader: DataReader, words: readonly Word[]): Readonly<Record<Word, number>> {
  return Object.fromEntries<number>(words.map((word) => [word, reader.has(word) ? readCount(reader.at(word)) : 0])) as Record<Word, number>;
}

function readTexts(reader: DataReader): readonly string[] {
  return reader.items().map((item) => item.text());
}

/** ISO 8601 in UTC, as `Date.parse` reads it alike everywhere. */
export function readMoment(reader: DataReader): string {
  const moment = reader.text();
  return ISO_8601.test(moment) && !Number.isNaN(Date.parse(moment)) ? moment : reader.oneOf(['a time like 2026-11-22T04:53:57.000Z']);
}

export function readMomentOrNull(reader: DataReader): string | null {
  return reader.isNull() ? null : readMoment(reader);
}
