import { createHash } from 'node:crypto';

/** Which files were installed, and what was in them: path to SHA-256 in hex. What differs was changed by somebody since. */
export type Manifest = ReadonlyMap<string, string>;

export const MANIFEST_PATH = '/var/lib/portreeve/installed.json';
const SCHEMA = 'portreeve/installed/v1';

export function digestOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

export function formatManifest(files: Manifest): string {
  return `${JSON.stringify({ schema: SCHEMA, files: Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1))) }, null, 2)}\n`;
}

/** Text that is no manifest reads as an empty one: what it does not vouch for is never replaced or removed. */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Map();
  }
  if (!isRecord(value) || value['schema'] !== SCHEMA || !isRecord(value['files'])) return new Map();
  const files = Object.entries(value['files']).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && /^[0-9a-f]{64}$/.test(entry[1]));
  return new Map(files);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
