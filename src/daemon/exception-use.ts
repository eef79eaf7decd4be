import type { AuditedListener } from '../model/audit.ts';
import { MOST_WATCHED_EXCEPTIONS, parseExceptionUsage, type ExceptionUsage } from '../model/exception-usage.ts';

/** Keeps count, over restarts, of which exceptions silence something. Days are YYYY-MM-DD in the host's time zone. */
export interface ExceptionUse {
  readonly usage: ExceptionUsage;
  /** Takes note of which exceptions are in force. One that is new is watched from today on, and one that is gone is forgotten. */
  watch(ids: Iterable<string>, today: string): void;
  /** Takes note of what these listeners' findings were excepted by. */
  note(listeners: readonly AuditedListener[], today: string): void;
  /** Plain data for `createExceptionUse`, and for `portreeve policy check`. */
  save(): { readonly watchedSince: Readonly<Record<string, string>>; readonly lastUsed: Readonly<Record<string, string>> };
}

/** @param saved as `save` gave it; anything else counts as nothing */
export function createExceptionUse(saved: unknown): ExceptionUse {
  const before = parseExceptionUsage(saved);
  const watchedSince = new Map(before.watchedSince);
  const lastUsed = new Map(before.lastUsed);
  return {
    usage: { watchedSince, lastUsed },
    watch(ids, today) {
      const inForce = new Set(ids);
      for (const days of [watchedSince, lastUsed]) for (const id of days.keys()) if (!inForce.has(id)) days.delete(id);
      for (const id of inForce) if (!watchedSince.has(id) && watchedSince.size < MOST_WATCHED_EXCEPTIONS) watchedSince.set(id, today);
    },
    note(listeners, day) {
      for (const { findings } of listeners) {
        for (const { excepted } of findings) {
          if (excepted !== null && (lastUsed.has(excepted.id) || lastUsed.size < MOST_WATCHED_EXCEPTIONS)) lastUsed.set(excepted.id, day);
        }
      }
    },
    save: () => ({ watchedSince: Object.fromEntries(watchedSince), lastUsed: Object.fromEntries(lastUsed) }),
  };
}
