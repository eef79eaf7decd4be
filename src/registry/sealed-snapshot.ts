import { createHash } from 'node:crypto';
import type { SnapshotOrigin } from '../model/registry-state.ts';
import type { PortRegistry } from '../model/registry.ts';
import { invalidRegistry, REPAIR_HINT } from './invalid-registry.ts';
import { openFacts } from './read-facts.ts';

/** A snapshot that an update put in place. */
export interface Snapshot {
  readonly registry: PortRegistry;
  readonly origin: SnapshotOrigin;
  /** The facts without origin and seal. */
  readonly facts: string;
}

// Both are lines of the facts' head, so that a snapshot is one file, which a rename replaces as a whole.
const ORIGIN = '# origin ';
const SEAL = '# sealed ';

/** Facts text, with where it comes from and a seal over all of it, as it lies on disk. */
export function sealSnapshot(facts: string, origin: SnapshotOrigin): string {
  const behindHead = endOfLine(facts, endOfLine(facts, 0));
  const withOrigin = `${facts.slice(0, behindHead)}${ORIGIN}${JSON.stringify(origin)}\n${facts.slice(behindHead)}`;
  const behindOrigin = endOfLine(withOrigin, behindHead);
  return `${withOrigin.slice(0, behindOrigin)}${SEAL}${digest(withOrigin)}\n${withOrigin.slice(behindOrigin)}`;
}

/**
 * Reads a sealed snapshot. The seal stands for the check of every line, which was made before it was set and costs 40 ms;
 * this takes 1 ms, and 3 for loading the hash function.
 * @throws PortreeveError `registry-invalid` for what is cut, altered, or not sealed
 */
export function openSnapshot(text: string, path: string): Snapshot {
  const originAt = endOfLine(text, endOfLine(text, 0));
  const sealAt = endOfLine(text, originAt);
  const restAt = endOfLine(text, sealAt);
  const seal = text.slice(sealAt, restAt).trimEnd();
  const withOrigin = text.slice(0, sealAt) + text.slice(restAt);
  if (seal !== SEAL + digest(withOrigin)) throw invalidRegistry(path, null, 'the file is not as an update left it: cut, altered or of another program', REPAIR_HINT);
  const facts = text.slice(0, originAt) + text.slice(restAt);
  return { registry: openFacts(facts, path), origin: parseOrigin(text.slice(originAt, sealAt), path), facts };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Sealed text is what this program wrote; but maybe another version of it. */
function parseOrigin(line: string, path: string): SnapshotOrigin {
  const fault = (): Error => invalidRegistry(path, 3, 'the line does not say where the snapshot comes from', REPAIR_HINT);
  let fields: Partial<Record<keyof SnapshotOrigin, unknown>>;
  try {
    const parsed: unknown = JSON.parse(line.startsWith(ORIGIN) ? line.slice(ORIGIN.length) : '');
    if (typeof parsed !== 'object' || parsed === null) throw fault();
    fields = parsed;
  } catch {
    throw fault();
  }
  const text = (value: unknown): string => {
    if (typeof value !== 'string') throw fault();
    return value;
  };
  const optional = (value: unknown): string | null => (value === null || value === undefined ? null : text(value));
  return {
    url: text(fields.url),
    etag: optional(fields.etag),
    lastModified: optional(fields.lastModified),
    fetchedAt: text(fields.fetchedAt),
    checkedAt: text(fields.checkedAt),
    csvSha256: text(fields.csvSha256),
    forcedOver: optional(fields.forcedOver),
  };
}
