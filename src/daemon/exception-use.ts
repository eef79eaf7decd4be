import type { AuditedListener } from '../model/audit.ts';

/** Which exceptions silenced something, kept over restarts. Days are YYYY-MM-DD in the host's time zone. */
export interface ExceptionUse {
  /** Since when anyone has watched. */
  readonly since: string;
  /** Last day on which the exception silenced a finding. */
  lastUsed(id: string): string | null;
  /** Takes note of what these listeners' findings were excepted by; says whether anything is new. */
  note(listeners: readonly AuditedListener[], today: string): boolean;
  save(): { readonly since: string; readonly lastUsed: Readonly<Record<string, string>> };
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Ids remembered at most; a policy has no more. */
const MOST_IDS = 10_000;

/** @param saved as `save` gave it; anything else counts as nothing */
export function createExceptionUse(saved: unknown, today: string): ExceptionUse {
  const { since, lastUsed } = readSaved(saved) ?? { since: today, lastUsed: new Map<string, string>() };
  return {
    since,
    lastUsed: (id) => lastUsed.get(id) ?? null,
    note(listeners, day) {
      let isNew = false;
      for (const { findings } of listeners) {
        for (const { excepted } of findings) {
          if (excepted === null || lastUsed.get(excepted.id) === day || lastUsed.size >= MOST_IDS) continue;
          lastUsed.set(excepted.id, day);
          isNew = true;
        }
      }
      return isNew;
    },
    save: () => ({ since, lastUsed: Object.fromEntries(lastUsed) }),
  };
}

/** What `save` gave, or null for anything else. */
export function readSaved(saved: unknown): { readonly since: string; readonly lastUsed: Map<string, string> } | null {
  if (typeof saved !== 'object' || saved === null) return null;
  const { since, lastUsed } = saved as { since?: unknown; lastUsed?: unknown };
  if (typeof since !== 'string' || !DAY.test(since) || typeof lastUsed !== 'object' || lastUsed === null) return null;
  const entries = Object.entries(lastUsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && DAY.test(entry[1]));
  return { since, lastUsed: new Map(entries.slice(0, MOST_IDS)) };
}
