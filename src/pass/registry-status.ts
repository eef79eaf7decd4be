import { PortreeveError } from '../model/errors.ts';
import type { RegistryName } from '../model/registry-change.ts';
import type { RegistryStatus } from '../model/registry-state.ts';
import { countStatuses } from '../registry/export.ts';
import { openInForce, readInForce } from '../registry/in-force.ts';
import { loadEmbeddedRegistry, loadRegistryFile } from '../registry/load.ts';
import { readSnapshot, snapshotPaths, type SnapshotPaths } from '../registry/snapshot-folder.ts';
import type { RegistryChoice } from './registry.ts';

export interface StatusInput extends RegistryChoice {
  readonly maxAgeDays: number;
  readonly now: () => Date;
}

const DAY_MS = 86_400_000;

/**
 * Which registry is in force, how old it is, what it holds, and what else there is. The registry changes every few days,
 * but hardly a port of it does: 100, counted on each transport, from July 2022 to February 2026.
 * @throws PortreeveError as `openRegistry`
 */
export async function registryStatus({ file, stateDir, warn, maxAgeDays, now }: StatusInput): Promise<RegistryStatus> {
  const paths = snapshotPaths(stateDir);
  const embedded = loadEmbeddedRegistry();
  const registry = file === null ? await openInForce(paths, warn) : await loadRegistryFile(file);
  const { snapshot } = await readInForce(paths);
  const isUpdated = file === null && registry !== embedded;
  const ageDays = Math.floor(now().getTime() / DAY_MS) - Date.parse(registry.updated) / DAY_MS;
  return {
    schema: 'portreeve/registry-status/v1',
    kind: file !== null ? 'file' : isUpdated ? 'updated' : 'embedded',
    source: registry.source,
    updated: registry.updated,
    ageDays,
    maxAgeDays,
    stale: ageDays > maxAgeDays,
    origin: isUpdated ? (snapshot?.origin ?? null) : null,
    embedded: { updated: embedded.updated },
    passedOver: file === null && !isUpdated && snapshot !== null ? nameOf(snapshot.registry) : null,
    previous: await previousOf(paths, snapshot !== null, warn),
    folder: paths.folder,
    counts: { tcp: countStatuses(registry, 'tcp'), udp: countStatuses(registry, 'udp'), sctp: countStatuses(registry, 'sctp'), dccp: countStatuses(registry, 'dccp') },
  };
}

/** What a rollback would bring back: the previous snapshot, or the embedded one where the current is the first. Null where it is damaged, too. */
async function previousOf(paths: SnapshotPaths, hasCurrent: boolean, warn: RegistryChoice['warn']): Promise<RegistryName | null> {
  try {
    const previous = await readSnapshot(paths.previous);
    if (previous !== null) return nameOf(previous.registry);
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    for (const problem of error.problems) warn({ ...problem, message: `${problem.message}; no rollback can use it`, hint: 'the next update replaces it', level: 'warning' });
    return null;
  }
  return hasCurrent ? nameOf(loadEmbeddedRegistry()) : null;
}

export function nameOf({ source, updated }: RegistryName): RegistryName {
  return { source, updated };
}
