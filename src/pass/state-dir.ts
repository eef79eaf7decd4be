import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

export interface StateSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
  readonly home: string;
}

/** This process's own. */
export function stateSurroundings(): StateSurroundings {
  return { environment: process.env, isRoot: process.getuid?.() === 0, home: homedir() };
}

/**
 * Where what portreeve keeps between two runs lies: the folder named by the user; else the first of STATE_DIRECTORY,
 * which systemd sets for a unit with StateDirectory= (systemd.exec(5)); else /var/lib/portreeve for root; else below
 * XDG_STATE_HOME, which counts only where it is an absolute path (XDG Base Directory Specification), or ~/.local/state.
 */
export function chooseStateDir(named: string | null, { environment, isRoot, home }: StateSurroundings = stateSurroundings()): string {
  if (named !== null) return resolve(named);
  const fromSystemd = environment['STATE_DIRECTORY']?.split(':')[0] ?? '';
  if (fromSystemd !== '') return fromSystemd;
  if (isRoot) return '/var/lib/portreeve';
  const stateHome = environment['XDG_STATE_HOME'] ?? '';
  return join(isAbsolute(stateHome) ? stateHome : join(home, '.local', 'state'), 'portreeve');
}
