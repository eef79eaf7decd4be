/**
 * The same object without what is null, undefined or empty, at any depth: neither schema knows null, and an index maps a
 * field by the first value it sees.
 */
export function knownOnly(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(knownOnly).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const entries = Object.entries(value).map(([key, each]) => [key, knownOnly(each)] as const).filter(([, each]) => each !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
