import { join } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import { invalidRegistry, REPAIR_HINT } from './invalid-registry.ts';
import { readRegistryFile } from './load.ts';
import type { Snapshot } from './sealed-snapshot.ts';

/** The files of a folder that `registry update` keeps. */
export interface SnapshotPaths {
  readonly folder: string;
  /** What the last update brought. */
  readonly current: string;
  /** What was there before. */
  readonly previous: string;
  readonly lock: string;
}

export function snapshotPaths(stateDir: string): SnapshotPaths {
  const folder = join(stateDir, 'registry');
  return { folder, current: join(folder, 'current.facts'), previous: join(folder, 'previous.facts'), lock: join(folder, 'update.lock') };
}

/**
 * The snapshot in a file, or null where there is none.
 * @throws PortreeveError `registry-invalid` for a damaged one, `registry-unreadable`
 */
export async function readSnapshot(path: string): Promise<Snapshot | null> {
  let content: Buffer;
  try {
    content = await readRegistryFile(path);
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    if (error.code === 'registry-unreadable' && isMissing(error.cause)) return null;
    // Empty, too large, or no file at all: nobody is to download a CSV to this place.
    throw error.code === 'registry-invalid' ? invalidRegistry(path, null, error.problems[0]?.message ?? error.message, REPAIR_HINT) : error;
  }
  // Every start asks for a snapshot and few hosts have one: the hash function, 3 ms to load, is for those.
  const { openSnapshot } = await import('./sealed-snapshot.ts');
  return openSnapshot(content.toString('utf8'), path);
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
}
