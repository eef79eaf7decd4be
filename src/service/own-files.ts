import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PortreeveError } from '../model/errors.ts';
import type { ServiceVariant } from '../model/installation.ts';
import { fillConfiguration, fillUnit, type UnitPlaces } from './unit-text.ts';

const UNIT_FOLDER = '/etc/systemd/system';
export const DAEMON_UNIT = `${UNIT_FOLDER}/portreeve.service`;
export const DROP_INS = `${DAEMON_UNIT}.d`;
export const NETWORK = `${DROP_INS}/network.conf`;
export const AUDIT_UNIT = `${UNIT_FOLDER}/portreeve-audit.service`;
export const TIMER_UNIT = `${UNIT_FOLDER}/portreeve-audit.timer`;
export const CONFIGURATION = '/etc/portreeve/portreeve.yaml';
/** systemd looks for catalogs of programs that are not its own distribution's there too (journalctl(1), --update-catalog). */
export const CATALOG = '/usr/local/lib/systemd/catalog/portreeve.catalog';
export const STATE_FOLDER = '/var/lib/portreeve';
export const LOG_FOLDER = '/var/log/portreeve';

/** The units, and what each belongs to. */
export const UNITS: Readonly<Record<string, ServiceVariant>> = { [DAEMON_UNIT]: 'daemon', [AUDIT_UNIT]: 'timer', [TIMER_UNIT]: 'timer' };

export interface FileText {
  readonly text: string;
  readonly mode: number;
}

/** Everybody may read them: there is nothing secret in a unit or in the configuration (keys are files that it names). */
const MODE = 0o644;

/** Where the package has the text of each file. */
const SOURCES: Readonly<Record<string, string>> = {
  [DAEMON_UNIT]: 'systemd/portreeve.service',
  [NETWORK]: 'systemd/portreeve-network.conf',
  [AUDIT_UNIT]: 'systemd/portreeve-audit.service',
  [TIMER_UNIT]: 'systemd/portreeve-audit.timer',
  [CONFIGURATION]: 'config/portreeve.yaml',
  [CATALOG]: 'systemd/portreeve.catalog',
};

/** Everything that may have been installed. The timer goes before what it starts. */
export function listOwnFiles(): readonly string[] {
  return [TIMER_UNIT, AUDIT_UNIT, NETWORK, DAEMON_UNIT, CATALOG, CONFIGURATION];
}

/**
 * Folders to make for files, each after the one it is in. Only those of ours: a host without /etc is none. The state, whose
 * history has command lines in it, is root's.
 */
export function listFolders(files: readonly string[]): readonly { readonly path: string; readonly mode: number }[] {
  const needed = new Set(files.map((file) => dirname(file)));
  const own: readonly [string, number][] = [['/etc/portreeve', 0o755], ['/etc/portreeve/rules.d', 0o755], [DROP_INS, 0o755], [dirname(dirname(CATALOG)), 0o755], [dirname(CATALOG), 0o755], [STATE_FOLDER, 0o700]];
  return own.filter(([path]) => path === '/etc/portreeve/rules.d' || [...needed].some((folder) => folder === path || folder.startsWith(`${path}/`))).map(([path, mode]) => ({ path, mode }));
}

/**
 * Reads the texts that the package has, with the host's paths written into them.
 * @throws PortreeveError `service-failed` where the package is not whole
 */
export function readOwnTexts(places: UnitPlaces): ReadonlyMap<string, FileText> {
  const texts = new Map<string, FileText>();
  for (const [path, source] of Object.entries(SOURCES)) {
    const file = join(places.packageFolder, source);
    try {
      const text = readFileSync(file, 'utf8');
      const fill = path === CONFIGURATION ? fillConfiguration : fillUnit;
      texts.set(path, { text: fill(text, places), mode: MODE });
    } catch (cause) {
      throw new PortreeveError('service-failed', `${file}: a part of the package cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, { hint: 'Install portreeve anew.', cause });
    }
  }
  return texts;
}
