import { PortreeveError, type Problem } from '../model/errors.ts';
import type { PortRegistry } from '../model/registry.ts';
import { compileSnapshot, type OfficialFile } from '../registry/compile-snapshot.ts';
import { exportRegistry } from '../registry/export.ts';
import { openInForce } from '../registry/in-force.ts';
import { loadRegistryFile, readRegistryFile } from '../registry/load.ts';
import { readSnapshot, snapshotPaths } from '../registry/snapshot-folder.ts';

export { OFFICIAL_CSV } from '../registry/invalid-registry.ts';
export { DEFAULT_MAX_LOSS_PERCENT } from '../registry/judge-update.ts';

/** Which registry to work with. */
export interface RegistryChoice {
  /** A file that the user named: official CSV or compiled facts; null for the registry in force. */
  readonly file: string | null;
  /** Below it `registry update` keeps its snapshots. */
  readonly stateDir: string;
  /** Told where the snapshot of an update is damaged, so that the embedded one takes its place. */
  readonly warn: (problem: Problem) => void;
}

/**
 * The registry to work with: the file that the user named, else the snapshot of the last update, where it is whole and
 * not older than the embedded one, else that. `source` is a path or `embedded`.
 * @throws PortreeveError `registry-invalid`, `registry-unreadable`, only for a file that the user named
 */
export async function openRegistry({ file, stateDir, warn }: RegistryChoice): Promise<PortRegistry> {
  return file === null ? openInForce(snapshotPaths(stateDir), warn) : loadRegistryFile(file);
}

/** File of the snapshot that the last update left there, if any did. */
export function registrySnapshotPath(stateDir: string): string {
  return snapshotPaths(stateDir).current;
}

/** When a server last said that the updated snapshot is the newest; null where none is there, or it is damaged. */
export async function registryCheckedAt(stateDir: string): Promise<Date | null> {
  try {
    const snapshot = await readSnapshot(snapshotPaths(stateDir).current);
    const checkedAt = Date.parse(snapshot?.origin.checkedAt ?? '');
    return Number.isNaN(checkedAt) ? null : new Date(checkedAt);
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return null;
  }
}

/** Every port's status as data: 65,536 ports on four transports. */
export async function registryRows(choice: RegistryChoice, format: 'csv' | 'ndjson'): Promise<Iterable<string>> {
  return exportRegistry(await openRegistry(choice), format);
}

/**
 * Makes a snapshot of the kind that is embedded from official CSV files, the newest first.
 * @throws PortreeveError `registry-invalid`, `registry-unreadable`, `usage`
 */
export async function compileRegistry(current: string, older: readonly string[], date: string | null): Promise<string> {
  const read = async (name: string): Promise<OfficialFile> => ({ name, content: await readRegistryFile(name) });
  const files = await Promise.all([current, ...older].map(read));
  const [newest, ...rest] = files;
  if (newest === undefined) throw new PortreeveError('usage', 'no official CSV was named');
  return compileSnapshot(newest, rest, date ?? undefined);
}
