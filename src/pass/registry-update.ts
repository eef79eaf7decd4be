import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PortreeveError, type Problem } from '../model/errors.ts';
import type { RegistryName } from '../model/registry-change.ts';
import type { RegistryUpdate } from '../model/registry-state.ts';
import type { PortRegistry } from '../model/registry.ts';
import { VERSION } from '../model/version.ts';
import { exchangeSnapshots, putInPlace, rewriteOrigin, withSnapshotFolder } from '../registry/change-snapshots.ts';
import { compareRegistries, countChanges } from '../registry/compare.ts';
import { compileUpdate, type CompiledUpdate } from '../registry/compile-update.ts';
import { readInForce, setAside, takesPrecedence, type InForce } from '../registry/in-force.ts';
import { OFFICIAL_CSV } from '../registry/invalid-registry.ts';
import { judgeUpdate } from '../registry/judge-update.ts';
import { loadEmbeddedRegistry, MAX_REGISTRY_BYTES, readRegistryFile } from '../registry/load.ts';
import type { Snapshot } from '../registry/sealed-snapshot.ts';
import { readSnapshot, snapshotPaths, type SnapshotPaths } from '../registry/snapshot-folder.ts';
import { download, type Download } from '../registry/transfer/download.ts';
import { showUrl } from '../registry/transfer/transfer-errors.ts';
import { trustAlso } from '../registry/transfer/trusted-certificates.ts';
import { nameOf } from './registry-status.ts';

export interface UpdateInput {
  /** An https:, http: or file: address, or a path; null for IANA's. */
  readonly from: string | null;
  readonly stateDir: string;
  /** Puts a whole file in place whatever `judgeUpdate` says of it. Never a broken one. */
  readonly force: boolean;
  readonly allowHttp: boolean;
  readonly maxLossPercent: number;
  /** PEM file with further issuers of certificates to trust. */
  readonly caFile: string | null;
  readonly timeoutMs: number;
  /** For the proxy variables and NODE_EXTRA_CA_CERTS. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  readonly warn: (problem: Problem) => void;
  /** Bytes that came, and how many there will be where that is known. */
  readonly onProgress?: (received: number, expected: number | null) => void;
}

const CONNECT_MS = 20_000;
const IDLE_MS = 30_000;

/**
 * Fetches the official CSV, checks and compiles it, and puts it in place of the snapshot in force, which becomes the
 * previous one. Whatever happens, the registry in force stays whole, and the error says so.
 * @throws PortreeveError `update-failed` (not fetched), `update-refused` (not believed), `state-busy`,
 *   `state-unwritable`; `usage`, `registry-unreadable` and `registry-invalid` for what the user named
 */
export async function updateRegistry(input: UpdateInput): Promise<RegistryUpdate> {
  const paths = snapshotPaths(input.stateDir);
  const place = parsePlace(input.from ?? OFFICIAL_CSV);
  return alone(paths, input.warn, (inForce) => update(input, paths, place, inForce));
}

/** Runs an action on the folder of snapshots while no other process does; what fails tells what is in force. */
async function alone(paths: SnapshotPaths, warn: UpdateInput['warn'], action: (inForce: InForce) => Promise<RegistryUpdate>): Promise<RegistryUpdate> {
  try {
    return await withSnapshotFolder(paths, async () => {
      const inForce = await readInForce(paths);
      if (inForce.damage !== null) warn(await setAside(paths, inForce));
      return action(inForce);
    });
  } catch (error) {
    throw error instanceof PortreeveError ? reassure(error, (await readInForce(paths)).registry) : error;
  }
}

/** Where the CSV is: on a server, or in a file of this host. `name` is what messages and the snapshot call it. */
type Place = { readonly kind: 'server'; readonly url: URL; readonly name: string } | { readonly kind: 'file'; readonly path: string; readonly name: string };

function parsePlace(text: string): Place {
  // One letter before the colon is a drive of Windows.
  if (!/^[a-z][a-z0-9+.-]+:/i.test(text)) return { kind: 'file', path: resolve(text), name: resolve(text) };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'file:') {
    if (url.host !== '') throw new PortreeveError('usage', `${text}: a file: address cannot name another host`, { hint: 'Write it as file:///path/to/file.csv, or as a plain path.' });
    return { kind: 'file', path: fileURLToPath(url), name: fileURLToPath(url) };
  }
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new PortreeveError('usage', `${text}: not an address that can be fetched`, { hint: '--from takes an https: or file: address, or a path.' });
  }
  return { kind: 'server', url, name: showUrl(url) };
}

async function update(input: UpdateInput, paths: SnapshotPaths, place: Place, { registry: before, snapshot }: InForce): Promise<RegistryUpdate> {
  // Only what is in force can be found to be still the newest.
  const known = snapshot !== null && snapshot.registry === before && snapshot.origin.url === place.name && !input.force ? snapshot : null;
  const fetched = await fetchCsv(place, known, input);
  const checkedAt = input.now().toISOString();
  const csvSha256 = fetched.outcome === 'content' ? createHash('sha256').update(fetched.content).digest('hex') : null;
  if (known !== null && (fetched.outcome === 'not-modified' || known.origin.csvSha256 === csvSha256)) {
    const { etag, lastModified } = fetched.outcome === 'content' ? fetched : known.origin;
    await rewriteOrigin(paths, { facts: known.facts, origin: { ...known.origin, etag, lastModified, checkedAt } });
    return reportUpdate('not-modified', place.name, before, before, []);
  }
  if (fetched.outcome === 'not-modified' || csvSha256 === null) throw new Error('not modified, though nothing was known');

  const { facts, registry } = compile(fetched.content, place, before);
  const reasons = judgeUpdate(before, registry, { maxLossPercent: input.maxLossPercent, today: checkedAt.slice(0, 10) });
  if (reasons.length > 0 && !input.force) {
    const [see, file] = place.kind === 'file' ? ['See', place.path] : ['Fetch the file yourself, and see', 'FILE'];
    throw new PortreeveError('update-refused', `${place.name}: not put in place: ${reasons.join('; ')}`, {
      hint: `${see} what changed with: portreeve registry diff current ${file}. If it is right, add --force.`,
    });
  }
  const embedded = loadEmbeddedRegistry();
  const forcedOver = registry.updated < embedded.updated ? embedded.updated : null;
  const { etag, lastModified } = fetched;
  await putInPlace(paths, { facts, origin: { url: place.name, etag, lastModified, fetchedAt: checkedAt, checkedAt, csvSha256, forcedOver } }, snapshot);
  return reportUpdate('updated', place.name, before, (await readInForce(paths)).registry, reasons);
}

async function fetchCsv(place: Place, known: Snapshot | null, input: UpdateInput): Promise<Download> {
  if (place.kind === 'file') return { outcome: 'content', content: await readRegistryFile(place.path), etag: null, lastModified: null };
  const { caFile, environment, allowHttp, timeoutMs, onProgress } = input;
  return download({
    url: place.url,
    known: known?.origin ?? null,
    allowHttp,
    ...(caFile === null ? {} : { ca: trustAlso(caFile, environment) }),
    environment,
    userAgent: `portreeve/${VERSION} (registry update)`,
    maxBytes: MAX_REGISTRY_BYTES,
    times: { connectMs: CONNECT_MS, idleMs: IDLE_MS, totalMs: timeoutMs },
    onProgress: onProgress ?? (() => undefined),
  });
}

/** A file that the user named is the user's to mend; what a server sent is a reason not to believe the server. */
function compile(content: Uint8Array, place: Place, before: PortRegistry): CompiledUpdate {
  try {
    return compileUpdate({ name: place.name, content }, before);
  } catch (error) {
    if (place.kind === 'file' || !(error instanceof PortreeveError)) throw error;
    throw new PortreeveError('update-refused', error.message, {
      hint: 'What came is not the whole official CSV: a captive portal or a proxy may have answered in its place. Open the address in a browser, or fetch the file elsewhere and name it with --from FILE.',
      cause: error,
    });
  }
}

/**
 * Exchanges the snapshot in force with the previous one; where there is only one, the embedded registry is the other. A
 * second rollback undoes the first.
 * @throws PortreeveError `update-refused` where there is nothing to go back to, or nothing that would be used
 */
export async function rollBackRegistry({ stateDir, warn }: Pick<UpdateInput, 'stateDir' | 'warn'>): Promise<RegistryUpdate> {
  const paths = snapshotPaths(stateDir);
  return alone(paths, warn, async ({ registry: before, snapshot }) => {
    const previous = await readSnapshot(paths.previous).catch((error: unknown) => {
      if (!(error instanceof PortreeveError) || error.code !== 'registry-invalid') throw error;
      throw new PortreeveError('update-refused', error.message, { hint: 'There is no other to go back to. The next update keeps what it replaces.', cause: error });
    });
    if (previous === null && snapshot === null) {
      throw new PortreeveError('update-refused', 'there is no previous registry to go back to', { hint: 'Nothing was updated yet.' });
    }
    const embedded = loadEmbeddedRegistry();
    if (previous !== null && !takesPrecedence(previous, embedded)) {
      throw new PortreeveError('update-refused', `${paths.previous}: it is of ${previous.registry.updated}, older than the embedded registry of ${embedded.updated}, and would not be used`);
    }
    await exchangeSnapshots(paths, { current: snapshot !== null, previous: previous !== null });
    return reportUpdate('rolled-back', null, before, (await readInForce(paths)).registry, []);
  });
}

function reportUpdate(outcome: RegistryUpdate['outcome'], from: string | null, before: PortRegistry, after: PortRegistry, overridden: readonly string[]): RegistryUpdate {
  const counts = countChanges(before === after ? [] : compareRegistries(before, after));
  return { schema: 'portreeve/registry-update/v1', outcome, from, before: nameOf(before), after: nameOf(after), counts, overridden };
}

/** Who reads of a failed update wants to know first whether anything is broken now. */
function reassure(error: PortreeveError, { source, updated }: RegistryName): PortreeveError {
  const unchanged = `The registry in force is unchanged: ${source}, of ${updated}.`;
  return new PortreeveError(error.code, error.message, { hint: error.hint === null ? unchanged : `${unchanged} ${error.hint}`, problems: error.problems, cause: error.cause });
}
