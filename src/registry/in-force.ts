import { rename } from 'node:fs/promises';
import { PortreeveError, type Problem } from '../model/errors.ts';
import type { PortRegistry } from '../model/registry.ts';
import { loadEmbeddedRegistry } from './load.ts';
import type { Snapshot } from './sealed-snapshot.ts';
import { readSnapshot, type SnapshotPaths } from './snapshot-folder.ts';
import { withUpdateLock } from './update-lock.ts';

/** Which registry counts where the user names none. */
export interface InForce {
  readonly registry: PortRegistry;
  /** What the last update left, in force or not; null where there is nothing, or nothing that can be used. */
  readonly snapshot: Snapshot | null;
  /** What makes the file at its place useless, or null. */
  readonly damage: PortreeveError | null;
}

/** The snapshot of the last update where it is whole and not older than the embedded one; else that. */
export async function readInForce(paths: SnapshotPaths): Promise<InForce> {
  const embedded = loadEmbeddedRegistry();
  try {
    const snapshot = await readSnapshot(paths.current);
    return { registry: snapshot !== null && takesPrecedence(snapshot, embedded) ? snapshot.registry : embedded, snapshot, damage: null };
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return { registry: embedded, snapshot: null, damage: error };
  }
}

/** Whether a snapshot on disk counts rather than the embedded one. */
export function takesPrecedence({ registry, origin }: Pick<Snapshot, 'registry' | 'origin'>, embedded: PortRegistry): boolean {
  return registry.updated >= embedded.updated || origin.forcedOver === embedded.updated;
}

/**
 * The registry in force. A damaged file never stops anything: it is set aside under a name of its own, where this user
 * may do that, and `warn` is told.
 */
export async function openInForce(paths: SnapshotPaths, warn: (problem: Problem) => void): Promise<PortRegistry> {
  const { registry, damage } = await readInForce(paths);
  if (damage === null) return registry;
  try {
    // Under the lock, and looked at again: an update may have put a sound file there in the meantime.
    return await withUpdateLock(paths.lock, async () => {
      const again = await readInForce(paths);
      if (again.damage !== null) warn(await setAside(paths, again));
      return again.registry;
    });
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    warn(describeDamage(paths, damage, registry, null));
    return registry;
  }
}

/** Gives a damaged file another name, over that of an earlier one, and says so. To be run under the lock. */
export async function setAside(paths: SnapshotPaths, { damage, registry }: InForce): Promise<Problem> {
  const aside = `${paths.current}.damaged`;
  // What cannot be read may be sound, and be read by the next user.
  const moved = damage?.code === 'registry-invalid' && (await rename(paths.current, aside).then(() => true, () => false));
  return describeDamage(paths, damage, registry, moved ? aside : null);
}

function describeDamage(paths: SnapshotPaths, damage: PortreeveError | null, used: PortRegistry, aside: string | null): Problem {
  const what = damage?.problems[0]?.message ?? damage?.message.replace(`${paths.current}: `, '') ?? 'it cannot be used';
  const moved = aside === null ? '' : `; it was set aside as ${aside}`;
  return {
    position: { file: paths.current, line: null, column: null },
    message: `${what}${moved}; the ${used.source} registry of ${used.updated} is used`,
    hint: 'portreeve registry update brings a new one',
    level: 'warning',
  };
}
