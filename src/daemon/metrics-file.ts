import { open, rename, rm } from 'node:fs/promises';
import { PortreeveError } from '../model/errors.ts';

/** node_exporter reads every file of the folder that ends in `.prom`. This one does not. */
const TEMPORARY_SUFFIX = '.tmp';
const READABLE_BY_ALL = 0o644;

/**
 * Replaces the file for node_exporter's textfile collector at once: it is read whole, the old or the new. Not synced to
 * disk: the next one comes within seconds. One call at a time.
 * @throws PortreeveError `output-unwritable`
 */
export async function writeMetricsFile(path: string, text: string): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  try {
    // What a killed predecessor left. Made anew rather than written over: others may write the folder, and a link of
    // theirs must lead nowhere.
    await rm(temporary, { force: true });
    const handle = await open(temporary, 'wx', READABLE_BY_ALL);
    try {
      await handle.writeFile(text);
      // The collector is another user, whatever the umask.
      await handle.chmod(READABLE_BY_ALL);
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new PortreeveError('output-unwritable', `${path}: the metrics cannot be written (${code})`, { hint: "metrics.textfile names a file in the folder of node_exporter's --collector.textfile.directory, ending in .prom", cause });
  }
}
