import { lstatSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import { loadDaemonLibc } from '../native/libc.ts';
import type { UnitPlaces } from './unit-text.ts';

/** Folders that the unit's sandbox hides (ProtectHome=, PrivateTmp=, PrivateDevices=). */
const HIDDEN: readonly string[] = ['/home', '/root', '/run/user', '/tmp', '/var/tmp', '/dev'];

type Rights = Pick<Stats, 'uid' | 'gid' | 'mode' | 'isSymbolicLink'>;

/**
 * Whether the service can run from where its program lies, and whether it should: who can write there can have it run
 * anything, as root.
 * @returns sentences for a person: what should not stay so
 * @throws PortreeveError `service-failed` where it could not even start
 */
export function checkProgram({ node, program }: UnitPlaces, look: (path: string) => Rights | null = lookAt): readonly string[] {
  const warnings: string[] = [];
  for (const [what, path] of [['Node', node], ['the program', program]] as const) {
    const hidden = HIDDEN.find((folder) => path.startsWith(`${folder}/`));
    if (hidden !== undefined) {
      throw new PortreeveError('service-failed', `${what} lies in ${hidden}, which the service cannot see: ${path}`, {
        hint: what === 'Node' ? "Use Node of the distribution, or one in /usr/local or /opt: a version manager's is one user's own." : 'Install it for the whole host, as root: npm install --global portreeve',
      });
    }
    const weak = listAncestors(path).find((each) => isWeak(look(each)));
    if (weak !== undefined) warnings.push(`Others than root may write ${weak}, and ${what} lies there: who can change it becomes root. Make it root's alone (chown root:root, chmod go-w).`);
  }
  return warnings;
}

/** The path itself, and every folder on the way to it. */
function listAncestors(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...listAncestors(parent), path];
}

/** Group and others; root's own group (gid 0) has no one else in it. */
function isWeak(stats: Rights | null): boolean {
  if (stats === null) return false;
  const othersWrite = (stats.mode & 0o002) !== 0;
  const groupWrites = (stats.mode & 0o020) !== 0 && stats.gid !== 0;
  return stats.uid !== 0 || (!stats.isSymbolicLink() && (othersWrite || groupWrites));
}

function lookAt(path: string): Rights | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

/**
 * Node alone cannot tell systemd that the daemon is ready: its start would end in a timeout.
 * @throws PortreeveError `service-failed`
 */
export function checkNativeCalls(): void {
  try {
    loadDaemonLibc();
  } catch (cause) {
    throw new PortreeveError('service-failed', `the service needs native calls, and ${cause instanceof Error ? cause.message : String(cause)}`, { hint: 'Install portreeve with its optional dependencies (koffi).', cause });
  }
}
