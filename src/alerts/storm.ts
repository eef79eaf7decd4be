import type { AlertConfig } from '../model/config.ts';
import { severityRank, type Severity } from '../model/severity.ts';

/** Alerts that were not told one by one. */
export interface StormReport {
  /** Since the last report. */
  readonly count: number;
  /** Since the storm began. */
  readonly total: number;
  readonly worst: Severity;
  /** The most frequent of all since it began, most first. */
  readonly rules: readonly (readonly [string, number])[];
  readonly programs: readonly (readonly [string, number])[];
  /** Listeners that there was no room to track, since the last report; not among the alerts counted. */
  readonly untracked: number;
}

/** Bounds how many alerts are told one by one, and counts the others. Times are milliseconds on the steady clock. */
export interface Storm {
  /** Whether an alert may be told by itself now. A milder one never uses up the room of a graver one. */
  admit(severity: Severity, rule: string, program: string, now: number): boolean;
  /** An alert was told by itself: known from the event log. */
  noteTold(severity: Severity, at: number): void;
  /** A report went out: known from the event log. */
  noteReport(total: number, at: number): void;
  overflow(listeners: number): void;
  /** What there is to report: at once when a storm begins, then once in the time. */
  report(now: number): StormReport | null;
  nextDue(): number | null;
  reconfigure(config: AlertConfig['storm']): void;
}

/** Rules and programs counted by name; the rest of them as `others`. */
const MOST_NAMES = 100;
const OTHERS = 'others';
const SHOWN = 3;

export function createStorm(initial: AlertConfig['storm']): Storm {
  let config = initial;
  let told: { readonly at: number; readonly rank: number }[] = [];
  let pending = 0;
  let untracked = 0;
  let total = 0;
  let worst: Severity = 'info';
  let reportedAt: number | null = null;
  const rules = new Map<string, number>();
  const programs = new Map<string, number>();

  function calm(now: number): void {
    if (pending > 0 || untracked > 0 || reportedAt === null || now - reportedAt < config.within) return;
    reportedAt = null;
    total = 0;
    worst = 'info';
    rules.clear();
    programs.clear();
  }

  return {
    admit(severity, rule, program, now) {
      calm(now);
      told = told.filter(({ at }) => now - at < config.within);
      const rank = severityRank(severity);
      if (told.filter((each) => each.rank >= rank).length < config.alerts) {
        told.push({ at: now, rank });
        return true;
      }
      pending += 1;
      total += 1;
      if (rank > severityRank(worst)) worst = severity;
      countName(rules, rule);
      countName(programs, program);
      return false;
    },
    noteTold(severity, at) {
      told.push({ at, rank: severityRank(severity) });
      if (told.length > config.alerts * 5) told.shift();
    },
    noteReport(reported, at) {
      reportedAt = at;
      total = reported;
    },
    overflow(listeners) {
      untracked += listeners;
      if (listeners > 0 && severityRank(worst) < severityRank('error')) worst = 'error';
    },
    report(now) {
      calm(now);
      if ((pending === 0 && untracked === 0) || (reportedAt !== null && now - reportedAt < config.within)) return null;
      const report = { count: pending, total, worst, rules: mostFrequent(rules), programs: mostFrequent(programs), untracked };
      [pending, untracked, reportedAt] = [0, 0, now];
      return report;
    },
    nextDue: () => (pending === 0 && untracked === 0 ? null : (reportedAt ?? -config.within) + config.within),
    reconfigure(next) {
      config = next;
    },
  };
}

function countName(counts: Map<string, number>, name: string): void {
  const key = counts.has(name) || counts.size < MOST_NAMES ? name : OTHERS;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function mostFrequent(counts: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(([one, many], [other, more]) => more - many || (one < other ? -1 : 1)).slice(0, SHOWN);
}
