/** Which exceptions silenced something, as a daemon remembers it. Days are YYYY-MM-DD in the host's time zone. */
export interface ExceptionUsage {
  /** By an exception's id, since when a daemon has had it in force; absent: none ever had. */
  readonly watchedSince: ReadonlyMap<string, string>;
  /** The last day on which it silenced a finding; absent: not since then. */
  readonly lastUsed: ReadonlyMap<string, string>;
}

/** Ids remembered at most; a policy has no more. */
export const MOST_WATCHED_EXCEPTIONS = 10_000;

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MS_PER_DAY = 86_400_000;

/** Days that a watched exception went without silencing anything, by `day`; null for one that nobody watched. */
export function countUnusedDays({ watchedSince, lastUsed }: ExceptionUsage, id: string, day: string): number | null {
  const since = lastUsed.get(id) ?? watchedSince.get(id);
  return since === undefined ? null : Math.round((Date.parse(day) - Date.parse(since)) / MS_PER_DAY);
}

/** What was saved, as plain data; whatever else it holds counts as nothing. */
export function parseExceptionUsage(saved: unknown): ExceptionUsage {
  const { watchedSince, lastUsed } = (typeof saved === 'object' && saved !== null ? saved : {}) as { readonly watchedSince?: unknown; readonly lastUsed?: unknown };
  return { watchedSince: parseDays(watchedSince), lastUsed: parseDays(lastUsed) };
}

function parseDays(saved: unknown): ReadonlyMap<string, string> {
  if (typeof saved !== 'object' || saved === null) return new Map();
  const days = Object.entries(saved).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && DAY.test(entry[1]) && !Number.isNaN(Date.parse(entry[1])));
  return new Map(days.slice(0, MOST_WATCHED_EXCEPTIONS));
}
