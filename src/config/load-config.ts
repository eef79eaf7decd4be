import { lstatSync, type Stats } from 'node:fs';
import type { Config, JournalSinkConfig, SinkConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import { faultyFiles } from '../yaml/describe-problems.ts';
import { createProblemLog, type ProblemLog } from '../yaml/problem-log.ts';
import { readTextFile } from '../yaml/read-text-file.ts';
import { defaultConfig, parseConfig } from './parse-config.ts';

export const DEFAULT_CONFIG_PATH = '/etc/portreeve/portreeve.yaml';
/** The shipped one, comments and all, is 11 KiB. */
const LARGEST_FILE = 1024 * 1024;

/** The sink of a daemon that runs under systemd and whose configuration names none. */
export const JOURNAL_SINK: JournalSinkConfig = { type: 'journal', name: 'journal', minSeverity: 'notice', kinds: null };

export interface ConfigOptions {
  readonly defaultPath?: string;
  /** In force where the file has no `sinks`. */
  readonly defaultSinks?: readonly SinkConfig[];
}

export interface ConfigReading {
  /** The file that was read; null where the default one is missing. */
  readonly file: string | null;
  /** Null where it could not be read. */
  readonly text: string | null;
  /** Null where anything is wrong. */
  readonly config: Config | null;
  /** Paths of the keys that the file has; those of a sink below its name: `sinks.central.host`. */
  readonly given: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

export interface LoadedConfig {
  readonly config: Config;
  readonly given: ConfigReading['given'];
  readonly warnings: readonly Problem[];
}

/**
 * The configuration of a file that was named, and must be there, or of the default one, which may be missing: then all
 * is at its default.
 * @throws PortreeveError `config-invalid` or `config-unreadable` with all problems of the file
 */
export async function loadConfig(path: string | null, options: ConfigOptions = {}): Promise<LoadedConfig> {
  const { file, text, config, given, problems } = await readConfig(path, options);
  if (config !== null) return { config, given, warnings: problems };
  const sources = new Map(file === null || text === null ? [] : [[file, text]]);
  throw faultyFiles('the configuration has', problems, sources, { invalid: 'config-invalid', unreadable: 'config-unreadable' });
}

/** Likewise, and never throws: what is wrong is a problem. */
export async function readConfig(path: string | null, { defaultPath = DEFAULT_CONFIG_PATH, defaultSinks = [] }: ConfigOptions = {}): Promise<ConfigReading> {
  const file = path ?? defaultPath;
  if (path === null && isMissing(file)) return { file: null, text: null, config: defaultConfig(defaultSinks), given: new Set(), problems: [] };
  const log = createProblemLog(file, 'unreadable');
  const inspect = (stats: Stats): void => {
    warnOfWriters(stats, log);
  };
  const text = await readTextFile(file, log, { what: 'a configuration', most: LARGEST_FILE, tooLarge: 'Is this the right file?', inspect });
  if (text === null) return { file, text, config: null, given: new Set(), problems: log.problems };
  const { config, given, problems } = await parseConfig(text, file, defaultSinks);
  return { file, text, config, given, problems: [...log.problems, ...problems] };
}

/** A link that leads nowhere is a configuration that was meant to be there; so is one that cannot be looked at. */
function isMissing(file: string): boolean {
  try {
    lstatSync(file);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Who can write the configuration chooses what the daemon runs, sends and passes over. */
function warnOfWriters({ mode, uid }: Stats, log: ProblemLog): void {
  const writers = [...((mode & 0o020) === 0 ? [] : ['its group']), ...((mode & 0o002) === 0 ? [] : ['everyone'])];
  if (writers.length > 0) {
    log.warn(null, `${writers.join(' and ')} may write this file, and so control the agent`, `chmod ${writers.length === 2 ? 'go' : (mode & 0o020) === 0 ? 'o' : 'g'}-w takes that away.`, 'writable-by-others');
  }
  // Windows has no owners of this kind.
  const self = process.geteuid?.();
  if (self !== undefined && uid !== 0 && uid !== self) {
    log.warn(null, `this file belongs to uid ${uid}, who can change it, and so control the agent`, 'chown it to root.', 'writable-by-others');
  }
}
