import { statSync, type Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { PortreeveError } from '../model/errors.ts';
import type { PortRegistry } from '../model/registry.ts';
import { checkWhole } from './check-whole.ts';
import { classifyPorts } from './classify.ts';
import { FACTS_TITLE } from './facts-format.ts';
import { formerNamesAsOf } from './former-names.ts';
import embeddedFacts from './iana.facts';
import { DOWNLOAD_HINT, invalidRegistry } from './invalid-registry.ts';
import { registryOfBlocks } from './port-table.ts';
import { normalizeLineEnds, openFacts, readFacts } from './read-facts.ts';
import { decodeText, readRegistryCsv } from './read-registry-csv.ts';
import { findUnauthorizedUse } from './unauthorized-use.ts';

/** The official CSV has 1.2 MB. */
export const MAX_REGISTRY_BYTES = 64 * 1024 * 1024;

let embedded: PortRegistry | null = null;

/** The registry that comes with the program. Read at the first call, then the same object. */
export function loadEmbeddedRegistry(): PortRegistry {
  embedded ??= openFacts(normalizeLineEnds(embeddedFacts), 'embedded');
  return embedded;
}

/**
 * The registry in a file of the user's: the official CSV, or facts as `compileSnapshot` makes them. Former names that
 * the embedded registry knows are joined to a CSV, which has next to none itself. All or nothing: a file that is not
 * whole gives no registry.
 * @throws PortreeveError `registry-unreadable`, `registry-invalid`
 */
export async function loadRegistryFile(path: string): Promise<PortRegistry> {
  const content = await readRegistryFile(path);
  if (content.subarray(0, FACTS_TITLE.length).equals(Buffer.from(FACTS_TITLE))) {
    return readFacts(decodeText(content, path), path);
  }
  const csv = readRegistryCsv(content, path);
  checkWhole(csv);
  const formerNames = formerNamesAsOf(loadEmbeddedRegistry(), csv.updated);
  return {
    ...registryOfBlocks({ source: path, updated: csv.updated }, classifyPorts(csv, formerNames)),
    unauthorizedUse: findUnauthorizedUse(csv.rows),
  };
}

/**
 * The bytes of a registry file. A pipe or a device is refused before it is opened: either may never end.
 * @throws PortreeveError `registry-unreadable`, `registry-invalid`
 */
export async function readRegistryFile(path: string): Promise<Buffer> {
  const info = statFile(path);
  if (info.isDirectory()) throw invalidRegistry(path, null, 'this is a directory, not a file');
  if (!info.isFile()) throw invalidRegistry(path, null, 'this is not a regular file');
  // Refused unread: files of /proc have this size too, and some of them never end.
  if (info.size === 0) throw invalidRegistry(path, null, 'the file is empty');
  if (info.size > MAX_REGISTRY_BYTES) throw invalidRegistry(path, null, `the file is larger than ${MAX_REGISTRY_BYTES / 1024 / 1024} MB`);
  return readFile(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

/** Not through promises, 1 ms to load: every start asks for a snapshot, and few hosts have one. */
function statFile(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): PortreeveError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const hint = code === 'ENOENT' ? `Check the path. ${DOWNLOAD_HINT}` : 'Check that this user may read it.';
  return new PortreeveError('registry-unreadable', `${path}: cannot be read (${code})`, { hint, cause });
}
