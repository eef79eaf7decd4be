import type { AuditedListener } from '../model/audit.ts';
import { foldKey } from './place.ts';

/** What is recorded with a count instead of one by one. */
export type FoldedKind = 'listening' | 'closed' | 'changed' | 'transient';

export interface FoldedRecord {
  readonly kind: FoldedKind;
  /** The last one of them. */
  readonly listener: AuditedListener;
  readonly count: number;
  /** Of a transient, where that is known of the last one. */
  readonly livedMs: number | null;
}

/** Counts what happens too often to be recorded each time. Times are milliseconds on the steady clock. */
export interface Folds {
  /** The first of a kind is given back to be recorded at once; those that follow are counted. */
  add(record: FoldedRecord, now: number): readonly FoldedRecord[];
  /** The counts whose time has come; all of them at the end. */
  take(now: number | 'end'): readonly FoldedRecord[];
  /** What has been counted of the same kind and not recorded; it is not counted any more. */
  claim(kind: FoldedKind, listener: AuditedListener): number;
  nextDue(): number | null;
}

/** A count is recorded at most so often. */
const FOLD_TIME = 600_000;
/** Counters at most; what is beyond shares one for each kind. Whoever opens many ports shall not push the history out of its log. */
const MOST_FOLDS = 300;

interface Counter {
  readonly startedAt: number;
  count: number;
  last: FoldedRecord;
}

export function createFolds(): Folds {
  const counters = new Map<string, Counter>();

  function keyOf(kind: FoldedKind, listener: AuditedListener): string {
    const key = `${kind}\0${foldKey(listener)}`;
    return counters.has(key) || counters.size < MOST_FOLDS ? key : kind;
  }

  return {
    add(record, now) {
      const key = keyOf(record.kind, record.listener);
      const counter = counters.get(key);
      if (counter === undefined) {
        counters.set(key, { startedAt: now, count: 0, last: record });
        return [record];
      }
      counter.count += record.count;
      counter.last = record;
      return [];
    },
    take(now) {
      const due = [...counters].filter(([, { startedAt }]) => now === 'end' || now - startedAt >= FOLD_TIME);
      return due.flatMap(([key, { count, last }]) => {
        // A counter that counted starts anew; one that did not is forgotten, and the next of its kind is recorded at once.
        if (count === 0 || now === 'end') counters.delete(key);
        else counters.set(key, { startedAt: now, count: 0, last });
        return count === 0 ? [] : [{ ...last, count }];
      });
    },
    claim(kind, listener) {
      const counter = counters.get(`${kind}\0${foldKey(listener)}`);
      const count = counter?.count ?? 0;
      if (counter !== undefined) counter.count = 0;
      return count;
    },
    nextDue() {
      let due: number | null = null;
      for (const { startedAt } of counters.values()) if (due === null || startedAt + FOLD_TIME < due) due = startedAt + FOLD_TIME;
      return due;
    },
  };
}
