import { describeConfig } from '../config/describe-config.ts';
import { JOURNAL_SINK, loadConfig, readConfig, type ConfigOptions, type LoadedConfig } from '../config/load-config.ts';
import type { ConfigCheck } from '../model/config-check.ts';
import type { Config } from '../model/config.ts';
import { PortreeveError, type Problem } from '../model/errors.ts';
import { openPolicy } from './policy.ts';
import { openRegistry } from './registry.ts';

export { DEFAULT_CONFIG_PATH, type LoadedConfig } from '../config/load-config.ts';

export interface ConfigChoice {
  /** The file that the user named; null for the default one, which may be missing. */
  readonly path: string | null;
  /** Whether alerts go to the journal where the file says nothing of sinks. */
  readonly underSystemd: boolean;
  readonly defaultPath?: string;
}

/**
 * The configuration to work with.
 * @throws PortreeveError `config-invalid` or `config-unreadable` with all problems of the file
 */
export function openConfig(choice: ConfigChoice): Promise<LoadedConfig> {
  return loadConfig(choice.path, optionsOf(choice));
}

function optionsOf({ underSystemd, defaultPath }: ConfigChoice): ConfigOptions {
  return { defaultSinks: underSystemd ? [JOURNAL_SINK] : [], ...(defaultPath === undefined ? {} : { defaultPath }) };
}

export interface CheckSurroundings {
  /** Where updates of the registry lie if the configuration does not say. */
  readonly stateDir: string;
  readonly now: () => Date;
}

/** What a daemon would start with: the configuration, and the policy and the registry that it leads to. Never throws for what the files say. */
export async function checkConfig(choice: ConfigChoice, surroundings: CheckSurroundings): Promise<ConfigCheck> {
  const { file, text, config, given, problems } = await readConfig(choice.path, optionsOf(choice));
  const led = config === null ? { policy: null, registry: null, problems: [] } : await follow(config, surroundings);
  const found = [...problems, ...led.problems];
  const lines = text?.split(/\r?\n/) ?? [];
  return {
    schema: 'portreeve/config-check/v1',
    file,
    ok: found.every(({ level }) => level !== 'error'),
    values: config === null ? [] : describeConfig(config, given),
    policy: led.policy,
    registry: led.registry,
    problems: found.map((problem) => {
      const { file: at, line } = problem.position;
      return { ...problem, code: problem.code ?? 'bad-value', source: line === null || at !== file ? null : (lines[line - 1] ?? null) };
    }),
  };
}

async function follow({ policy, registry, state }: Config, { stateDir, now }: CheckSurroundings): Promise<Pick<ConfigCheck, 'policy' | 'registry'> & { readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const rules = await attempt('policy', openPolicy({ paths: policy.rules, shipped: policy.shipped, now }), problems);
  const ports = await attempt(registry.file ?? 'registry', openRegistry({ file: registry.file, stateDir: state.dir ?? stateDir, warn: (problem) => problems.push(problem) }), problems);
  return {
    policy: rules === null ? null : { files: rules.files, rules: rules.rules.length, exceptions: rules.exceptions.length },
    registry: ports === null ? null : { source: ports.source, updated: ports.updated },
    problems: [...problems, ...(rules?.warnings ?? [])],
  };
}

/** Null where it failed for a reason that a person can do something about, which becomes a problem. */
async function attempt<Value>(file: string, opening: Promise<Value>, problems: Problem[]): Promise<Value | null> {
  try {
    return await opening;
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    const message = error.message.startsWith(`${file}: `) ? error.message.slice(file.length + 2) : error.message;
    const whole: Problem = { position: { file, line: null, column: null }, message, hint: error.hint, level: 'error', code: error.code };
    problems.push(...(error.problems.length > 0 ? error.problems : [whole]));
    return null;
  }
}
