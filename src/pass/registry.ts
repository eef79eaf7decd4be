import { PortreeveError } from '../model/errors.ts';
import type { PortRegistry } from '../model/registry.ts';
import { compileSnapshot, type OfficialFile } from '../registry/compile-snapshot.ts';
import { exportRegistry } from '../registry/export.ts';
import { loadEmbeddedRegistry, loadRegistryFile, readRegistryFile } from '../registry/load.ts';

/** The registry to work with: a file that the user named, or the embedded snapshot. */
export async function openRegistry(file: string | null): Promise<PortRegistry> {
  return file === null ? loadEmbeddedRegistry() : loadRegistryFile(file);
}

/** Every port's status as data: 65,536 ports on four transports. */
export async function registryRows(file: string | null, format: 'csv' | 'ndjson'): Promise<Iterable<string>> {
  return exportRegistry(await openRegistry(file), format);
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
