import { worstFinding, type AuditedListener } from '../model/audit.ts';
import type { AlertConfig } from '../model/config.ts';
import { severityRank, type Severity } from '../model/severity.ts';
import { foldKey, isEphemeralUdp, programOf } from './place.ts';

export interface TransientVerdict {
  /** `grave`: its finding alerts by itself. `repeated`: its program does it all the time. Null: for the history only. */
  readonly alerts: 'grave' | 'repeated' | null;
  /** For `repeated`: how often its program did it since it last was still for as long as `within`. */
  readonly total: number;
}

/** Why a transient alerted, until when nothing of its kind does again: milliseconds ago, and rank of the severity. */
export interface SavedQuiet {
  readonly key: string;
  readonly age: number;
  readonly rank: number;
}

/** Tells which listeners that closed before they settled are worth an alert. Times are milliseconds on the steady clock. */
export interface Transients {
  judge(listener: AuditedListener, count: number, now: number): TransientVerdict;
  /** An alert went out: known from the event log. */
  noteTold(listener: AuditedListener, reason: 'grave' | 'repeated', severity: Severity, at: number): void;
  prune(now: number): void;
  save(now: number): readonly SavedQuiet[];
  restore(saved: readonly SavedQuiet[], now: number): void;
  readonly size: number;
  reconfigure(config: AlertConfig['transient']): void;
}

/** Programs and ports remembered at most. Beyond that an alert may be told again, within the bound of a storm. */
const MOST_KEYS = 5_000;

interface Program {
  /** When it did it, the newest so many as count as repeated. */
  times: readonly number[];
  total: number;
}

export function createTransients(initial: AlertConfig['transient']): Transients {
  let config = initial;
  const quiet = new Map<string, { readonly at: number; readonly rank: number }>();
  const programs = new Map<string, Program>();

  /** Whether an alert is told now; if so, none of its kind is for a while, unless it is graver. */
  function breakQuiet(key: string, rank: number, now: number): boolean {
    const last = quiet.get(key);
    if (last !== undefined && now - last.at < config.within && rank <= last.rank) return false;
    remember(quiet, key, { at: now, rank });
    return true;
  }

  function countProgram(listener: AuditedListener, count: number, now: number): Program {
    const known = programs.get(programOf(listener));
    const isStill = known === undefined || now - (known.times.at(-1) ?? -Infinity) >= config.within;
    const seen = isStill ? { times: [], total: 0 } : known;
    const times = [...seen.times, ...Array.from({ length: Math.min(count, config.repeats) }, () => now)].slice(-config.repeats);
    const program = { times, total: seen.total + count };
    remember(programs, programOf(listener), program);
    return program;
  }

  return {
    judge(listener, count, now) {
      const worst = worstFinding(listener);
      if (worst === null) return { alerts: null, total: count };
      const rank = severityRank(worst.severity);
      if (config.severity !== 'never' && rank >= severityRank(config.severity)) {
        return { alerts: breakQuiet(quietKey(listener, 'grave'), rank, now) ? 'grave' : null, total: count };
      }
      // A resolver opens a thousand of them, each with the finding that says "most likely a client's".
      if (isEphemeralUdp(listener) && worst.severity === 'info') return { alerts: null, total: count };
      const { times, total } = countProgram(listener, count, now);
      const isRepeated = times.length >= config.repeats && now - (times[0] ?? now) < config.within;
      return { alerts: isRepeated && breakQuiet(quietKey(listener, 'repeated'), rank, now) ? 'repeated' : null, total };
    },
    noteTold(listener, reason, severity, at) {
      remember(quiet, quietKey(listener, reason), { at, rank: severityRank(severity) });
    },
    prune(now) {
      for (const [key, { at }] of quiet) if (now - at >= config.within) quiet.delete(key);
      for (const [key, { times }] of programs) if (now - (times.at(-1) ?? -Infinity) >= config.within) programs.delete(key);
    },
    save: (now) => [...quiet].filter(([, { at }]) => now - at < config.within).map(([key, { at, rank }]) => ({ key, age: now - at, rank })),
    restore(saved, now) {
      for (const { key, age, rank } of saved) remember(quiet, key, { at: now - age, rank });
    },
    get size() {
      return quiet.size + programs.size;
    },
    reconfigure(next) {
      config = next;
    },
  };
}

/** A grave one is told for each port, one that repeats for its program: it may choose another port each time. */
function quietKey(listener: AuditedListener, reason: 'grave' | 'repeated'): string {
  return reason === 'grave' ? `grave\0${foldKey(listener)}` : `repeated\0${programOf(listener)}`;
}

/** Puts it last; the first, which nothing was heard of for longest, makes room. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MOST_KEYS) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
