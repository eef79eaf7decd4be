import { constants, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFiles, syncFolder, TEMPORARY_SUFFIX, temporaryOf, unwritable } from '../model/replace-file.ts';
import { sealSnapshot, type Snapshot } from './sealed-snapshot.ts';
import type { SnapshotPaths } from './snapshot-folder.ts';
import { withUpdateLock } from './update-lock.ts';

/**
 * Runs an action that changes the folder, which is made where it is missing, alone.
 * @throws PortreeveError `state-busy`, `state-unwritable`
 */
export async function withSnapshotFolder<T>(paths: SnapshotPaths, action: () => Promise<T>): Promise<T> {
  await mkdir(paths.folder, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    throw unwritable(paths.folder, cause);
  });
  return withUpdateLock(paths.lock, async () => {
    await sweepTemporaries(paths.folder);
    return action();
  });
}

/** Removes what a killed update left half written. */
async function sweepTemporaries(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(TEMPORARY_SUFFIX));
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })));
}

/**
 * Puts a snapshot in place; what lay there is kept as the previous one. To be run within `withSnapshotFolder`. Killed at
 * any point, it leaves `current` whole: as it was, or new.
 * @param replaced what lies there now, null where nothing does
 * @throws PortreeveError `state-unwritable`; then both files are as they were
 */
export async function putInPlace(paths: SnapshotPaths, snapshot: Unread, replaced: Unread | null): Promise<void> {
  const kept = replaced === null ? [] : [{ path: paths.previous, content: sealSnapshot(replaced.facts, replaced.origin) }];
  await replaceFiles([...kept, { path: paths.current, content: sealSnapshot(snapshot.facts, snapshot.origin) }]);
  if (replaced === null) await rm(paths.previous, { force: true });
}

/**
 * Puts a snapshot in place of itself, with another origin: the previous one stays. To be run within `withSnapshotFolder`.
 * @throws PortreeveError `state-unwritable`
 */
export async function rewriteOrigin(paths: SnapshotPaths, { facts, origin }: Unread): Promise<void> {
  await replaceFiles([{ path: paths.current, content: sealSnapshot(facts, origin) }]);
}

type Unread = Pick<Snapshot, 'facts' | 'origin'>;

/**
 * Exchanges `current` and `previous`, of which one may be missing: then the embedded snapshot stands for it. To be run
 * within `withSnapshotFolder`.
 * @throws PortreeveError `state-unwritable`
 */
export async function exchangeSnapshots({ folder, current, previous }: SnapshotPaths, has: { readonly current: boolean; readonly previous: boolean }): Promise<void> {
  try {
    if (!has.previous) await rename(current, previous);
    else if (!has.current) await rename(previous, current);
    else {
      // By way of a copy, so that no moment is without a `current`.
      const aside = temporaryOf(previous);
      await copyFile(current, aside, constants.COPYFILE_EXCL);
      await rename(previous, current);
      await rename(aside, previous);
    }
  } catch (cause) {
    throw unwritable(folder, cause);
  }
  await syncFolder(folder);
}
