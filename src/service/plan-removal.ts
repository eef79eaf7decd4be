import { dirname } from 'node:path';
import type { InstallationPlan, InstallStep, LeftAlone } from '../model/installation.ts';
import type { HostFiles } from './host-files.ts';
import { MANIFEST_PATH } from './manifest.ts';
import { CATALOG, DAEMON_UNIT, DROP_INS, listOwnFiles, LOG_FOLDER, STATE_FOLDER } from './own-files.ts';
import { isUnchanged, nameOf, readManifest, stopping } from './plan-installation.ts';

/** Folders that go with the last file in them, each before the one it is in. */
const FOLDERS: readonly string[] = [DROP_INS, '/etc/portreeve/rules.d', '/etc/portreeve', dirname(CATALOG), dirname(dirname(CATALOG)), LOG_FOLDER, STATE_FOLDER];

/**
 * What would take the service away: what is as it was installed, and the folders that are empty then. What somebody changed
 * or added stays, and so does the state. Planned again right after it was applied, nothing is left to do.
 * @throws PortreeveError `service-failed` where the host cannot be read
 */
export function planRemoval(host: HostFiles, live: boolean): InstallationPlan {
  const before = readManifest(host);
  const stops: InstallStep[] = [];
  const removed: string[] = [];
  const left: LeftAlone[] = [];
  for (const path of listOwnFiles().flatMap((each) => [each, `${each}.new`])) {
    if (host.read(path).kind === 'missing') continue;
    stops.push(...stopping(path, live));
    if (isUnchanged(path, { host, before })) removed.push(path);
    else left.push({ path, reason: 'changed', beside: null });
  }
  if (host.read(MANIFEST_PATH).kind === 'file') removed.push(MANIFEST_PATH);

  const gone = new Set(removed);
  for (const folder of FOLDERS) {
    const names = host.list(folder);
    if (names === null) continue;
    const staying = names.map((name) => `${folder}/${name}`).filter((path) => !gone.has(path));
    if (staying.length === 0) gone.add(folder);
    else left.push(...describeStaying(folder, staying, left));
  }
  const units = removed.some((path) => path.startsWith(`${dirname(DAEMON_UNIT)}/`));
  const steps: InstallStep[] = [
    ...stops,
    ...[...gone].map((path): InstallStep => ({ kind: FOLDERS.includes(path) ? 'remove-folder' : 'remove', path })),
    ...(live && gone.has(CATALOG) ? [{ kind: 'command', command: ['journalctl', '--update-catalog'], mayFail: true } as const] : []),
    ...(live && units ? [{ kind: 'command', command: ['systemctl', 'daemon-reload'], mayFail: false } as const] : []),
    // A service that had failed would be listed as such for ever.
    ...(live && stops.length > 0 ? [{ kind: 'command', command: ['systemctl', 'reset-failed', nameOf(DAEMON_UNIT)], mayFail: true } as const] : []),
  ];
  return { action: 'uninstall', steps, left, warnings: [], next: 'The program itself is still there: remove its package as you installed it.' };
}

/** State and logs as a whole; of the other folders, each file that is not told already. */
function describeStaying(folder: string, staying: readonly string[], told: readonly LeftAlone[]): readonly LeftAlone[] {
  if (folder === STATE_FOLDER || folder === LOG_FOLDER) return [{ path: folder, reason: 'state', beside: null }];
  // The catalogs and units of other programs are no business of ours.
  if (CATALOG.startsWith(`${folder}/`)) return [];
  return staying.filter((path) => !FOLDERS.includes(path) && !told.some((each) => each.path === path)).map((path) => ({ path, reason: 'not-ours', beside: null }));
}
