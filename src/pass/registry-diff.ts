import { coverageOf } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { RegistryChange, RegistryDiff, TouchedListener } from '../model/registry-change.ts';
import type { PortRegistry, Transport } from '../model/registry.ts';
import { compareRegistries, countChanges } from '../registry/compare.ts';
import { readInForce } from '../registry/in-force.ts';
import { loadEmbeddedRegistry, loadRegistryFile } from '../registry/load.ts';
import { readSnapshot, snapshotPaths } from '../registry/snapshot-folder.ts';
import { REGISTRY_TRANSPORT } from './audit.ts';
import type { HostReading } from './read-host.ts';
import { openRegistry, type RegistryChoice } from './registry.ts';
import { nameOf } from './registry-status.ts';

export interface DiffInput extends Omit<RegistryChoice, 'file'> {
  /** Path of a CSV or of compiled facts, or one of the words `embedded`, `current` (in force) and `previous`. */
  readonly before: string;
  readonly after: string;
  /** Reads the listeners of this host, or null: the host is left alone. */
  readonly readListeners: (() => Promise<HostReading>) | null;
}

/**
 * What changed from one registry to another, and which listeners of this host it touches. A host that cannot be read
 * still has a difference.
 * @throws PortreeveError `registry-invalid`, `registry-unreadable`; `usage` for a `previous` that does not exist
 */
export async function diffRegistries({ before, after, stateDir, warn, readListeners }: DiffInput): Promise<RegistryDiff> {
  const older = await openNamed(before, stateDir, warn);
  const newer = await openNamed(after, stateDir, warn);
  const changes = compareRegistries(older, newer);
  return {
    schema: 'portreeve/registry-diff/v1',
    before: nameOf(older),
    after: nameOf(newer),
    counts: countChanges(changes),
    changes,
    host: readListeners === null ? null : await findTouched(changes, readListeners),
  };
}

async function openNamed(name: string, stateDir: string, warn: RegistryChoice['warn']): Promise<PortRegistry> {
  switch (name) {
    case 'embedded':
      return loadEmbeddedRegistry();
    case 'current':
      return openRegistry({ file: null, stateDir, warn });
    case 'previous':
      return openPrevious(stateDir);
    default:
      return loadRegistryFile(name);
  }
}

async function openPrevious(stateDir: string): Promise<PortRegistry> {
  const paths = snapshotPaths(stateDir);
  const previous = await readSnapshot(paths.previous);
  if (previous !== null) return previous.registry;
  if ((await readInForce(paths)).snapshot !== null) return loadEmbeddedRegistry();
  throw new PortreeveError('usage', `there is no previous registry: nothing was updated yet (${paths.folder})`, { hint: 'Name a file, or embedded. portreeve registry status shows what there is.' });
}

async function findTouched(changes: readonly RegistryChange[], readListeners: () => Promise<HostReading>): Promise<RegistryDiff['host']> {
  try {
    const { source, gaps, listeners } = await readListeners();
    const touched = listeners.flatMap((listener): TouchedListener[] => {
      const transport = REGISTRY_TRANSPORT[listener.protocol];
      const change = listener.port === null || transport === null ? undefined : changeAt(changes, listener.port, transport);
      return change === undefined ? [] : [{ listener, change }];
    });
    touched.sort((a, b) => (a.listener.port ?? 0) - (b.listener.port ?? 0) || a.listener.protocol.localeCompare(b.listener.protocol, 'en'));
    return { listeners: touched, coverage: coverageOf(source, gaps), failure: null };
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return { listeners: [], coverage: null, failure: error.message };
  }
}

function changeAt(changes: readonly RegistryChange[], port: number, transport: Transport): RegistryChange | undefined {
  return changes.find(({ from, to, transports }) => from <= port && port <= to && transports.includes(transport));
}
