import { dirname } from 'node:path';
import type { InstallationPlan, InstallStep, LeftAlone, ServiceVariant } from '../model/installation.ts';
import type { HostFiles } from './host-files.ts';
import { digestOf, formatManifest, MANIFEST_PATH, parseManifest, type Manifest } from './manifest.ts';
import { CATALOG, CONFIGURATION, DAEMON_UNIT, listFolders, listOwnFiles, NETWORK, TIMER_UNIT, UNITS, type FileText } from './own-files.ts';

export interface InstallationRequest {
  readonly variant: ServiceVariant;
  /** Whether the daemon may open connections; null leaves that as it is. */
  readonly network: boolean | null;
  /** What belongs into each file that this package has a text for. */
  readonly texts: ReadonlyMap<string, FileText>;
  readonly warnings: readonly string[];
  /** Whether the service manager runs on the host that is installed into, and can be told. */
  readonly live: boolean;
}

/** What is to become of each file, collected on the way. */
interface Draft {
  readonly steps: InstallStep[];
  readonly left: LeftAlone[];
  readonly installed: Map<string, string>;
}

/**
 * What would put the service in place. A file counts as ours while it is as it was installed; one that was changed stays,
 * and what would have replaced it goes beside it. Planned again right after it was applied, nothing is left to do.
 * @throws PortreeveError `service-failed` where the host cannot be read
 */
export function planInstallation(request: InstallationRequest, host: HostFiles): InstallationPlan {
  const before = readManifest(host);
  const draft: Draft = { steps: [], left: [], installed: new Map() };
  const wanted = chooseFiles(request, host, before);
  for (const folder of listFolders([...wanted.keys(), MANIFEST_PATH])) {
    if (host.list(folder.path) === null) draft.steps.push({ kind: 'make-folder', ...folder });
  }
  for (const path of listOwnFiles()) {
    const text = wanted.get(path);
    if (text !== undefined) settleFile(path, text, { host, before, draft });
    else if (isUnchanged(path, { host, before })) draft.steps.push(...stopping(path, request.live), { kind: 'remove', path });
  }
  const record = formatManifest(draft.installed);
  const recorded = host.read(MANIFEST_PATH);
  if (recorded.kind !== 'file' || recorded.text !== record) draft.steps.push({ kind: 'record', path: MANIFEST_PATH, text: record });
  if (request.live) draft.steps.push(...starting(request.variant, draft));
  return { action: 'install', steps: draft.steps, left: draft.left, warnings: request.warnings, next: describeNext(request) };
}

export function readManifest(host: HostFiles): Manifest {
  const file = host.read(MANIFEST_PATH);
  return file.kind === 'file' ? parseManifest(file.text) : new Map();
}

/** Whether a file is there, and is as it was installed. */
export function isUnchanged(path: string, { host, before }: { readonly host: HostFiles; readonly before: Manifest }): boolean {
  const file = host.read(path);
  return file.kind === 'file' && before.get(path) === digestOf(file.text);
}

function chooseFiles({ variant, network, texts }: InstallationRequest, host: HostFiles, before: Manifest): ReadonlyMap<string, FileText> {
  const hasNetwork = network ?? isUnchanged(NETWORK, { host, before });
  const isWanted = (path: string): boolean => {
    if (path === CONFIGURATION) return true;
    if (path === NETWORK) return variant === 'daemon' && hasNetwork;
    return path === CATALOG || UNITS[path] !== undefined ? variant === (UNITS[path] ?? 'daemon') : false;
  };
  return new Map([...texts].filter(([path]) => isWanted(path)));
}

function settleFile(path: string, { text, mode }: FileText, { host, before, draft }: { readonly host: HostFiles; readonly before: Manifest; readonly draft: Draft }): void {
  const beside = `${path}.new`;
  const file = host.read(path);
  const isOurs = file.kind === 'file' && (file.text === text || before.get(path) === digestOf(file.text));
  if (file.kind !== 'missing' && !isOurs) {
    draft.left.push({ path, reason: 'changed', beside });
    // Remembered all the same: put back as it was, it is ours again.
    const remembered = before.get(path);
    if (remembered !== undefined) draft.installed.set(path, remembered);
    const there = host.read(beside);
    if (there.kind !== 'file' || there.text !== text) draft.steps.push({ kind: 'write', path: beside, text, mode, replaces: there.kind !== 'missing' });
    draft.installed.set(beside, digestOf(text));
    return;
  }
  draft.installed.set(path, digestOf(text));
  if (file.kind === 'file' && file.text === text) draft.left.push({ path, reason: 'as-wanted', beside: null });
  else draft.steps.push({ kind: 'write', path, text, mode, replaces: file.kind === 'file' });
  if (isUnchanged(beside, { host, before })) draft.steps.push({ kind: 'remove', path: beside });
}

/** A unit must be stopped while systemd still knows it. */
export function stopping(path: string, live: boolean): readonly InstallStep[] {
  const unit = path === DAEMON_UNIT || path === TIMER_UNIT ? nameOf(path) : null;
  return live && unit !== null ? [{ kind: 'command', command: ['systemctl', 'disable', '--now', unit], mayFail: false }] : [];
}

function starting(variant: ServiceVariant, { steps }: Draft): readonly InstallStep[] {
  const changed = steps.flatMap((step) => (step.kind === 'write' || step.kind === 'remove' ? [step.path] : []));
  const touched = (folder: string) => changed.some((path) => path.startsWith(folder) && !path.endsWith('.new'));
  const unit = nameOf(variant === 'daemon' ? DAEMON_UNIT : TIMER_UNIT);
  const unitsTouched = touched(`${dirname(DAEMON_UNIT)}/`);
  const command = (words: readonly [string, ...string[]], mayFail = false): InstallStep => ({ kind: 'command', command: words, mayFail });
  return [
    ...(touched(CATALOG) ? [command(['journalctl', '--update-catalog'], true)] : []),
    ...(unitsTouched ? [command(['systemctl', 'daemon-reload'])] : []),
    command(['systemctl', 'enable', unit]),
    command(['systemctl', unitsTouched ? 'restart' : 'start', unit]),
  ];
}

function describeNext({ variant, live }: InstallationRequest): string {
  const unit = nameOf(variant === 'daemon' ? DAEMON_UNIT : TIMER_UNIT);
  if (!live) return `To have it started with the image: systemctl --root=DIR enable ${unit}`;
  return variant === 'daemon' ? 'portreeve status shows how it is, and journalctl -u portreeve what it says.' : 'systemctl list-timers shows when it audits, and journalctl -u portreeve-audit what it found.';
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
