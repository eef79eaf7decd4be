import type { Config, SinkConfig } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import type { PlacedNode } from '../yaml/placed-node.ts';
import { createProblemLog, sortProblems, type ProblemLog } from '../yaml/problem-log.ts';
import { checkVersion, type Entries } from '../yaml/read-mapping.ts';
import { readYaml } from '../yaml/read-yaml.ts';
import { checkSections } from './check-sections.ts';
import { readTable } from './key-table.ts';
import { KEYS } from './keys.ts';
import { parseSinks } from './parse-sinks.ts';

export interface ParsedConfig {
  /** Null where anything in the file is wrong. */
  readonly config: Config | null;
  /** Paths of the keys that the file has, those of a sink below its name: `sinks.central.host`. */
  readonly given: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** The configuration of a host that has no file of it. */
export function defaultConfig(defaultSinks: readonly SinkConfig[]): Config {
  return { file: null, ...readTable(KEYS, undefined, 'the configuration', createProblemLog('')).values, sinks: defaultSinks };
}

/**
 * Reads and checks the text of a configuration; `file` is for the positions. Never throws for what the text says.
 * `defaultSinks`: those in force where the text has no `sinks`.
 */
export async function parseConfig(text: string, file: string, defaultSinks: readonly SinkConfig[]): Promise<ParsedConfig> {
  const { root, problems } = await readYaml(text, file);
  if (root === null) return { config: null, given: new Set(), problems };
  const log = createProblemLog(file);
  const { values, given, faulty } = readTable(KEYS, root, 'the configuration', log, ['version', 'sinks']);
  if (root.kind !== 'mapping') return { config: null, given: new Set(), problems: log.problems };
  const entries: Entries = new Map(root.entries.map((entry) => [entry.key, entry]));
  checkVersion(entries, root, log);
  checkSections(values, given, faulty, log);
  const listed = readSinks(entries.get('sinks')?.value, log);
  const config = log.failed ? null : { file, ...values, sinks: listed?.sinks ?? defaultSinks };
  return { config, given: new Set([...given.keys(), ...(listed === null ? [] : ['sinks', ...listed.given])]), problems: sortProblems(log.problems) };
}

/** Null where the file says nothing of sinks; as for a section, the key alone says nothing. */
function readSinks(node: PlacedNode | undefined, log: ProblemLog): ReturnType<typeof parseSinks> | null {
  return node === undefined || (node.kind === 'scalar' && node.value === null) ? null : parseSinks(node, log);
}
