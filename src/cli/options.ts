import { Option, type Command } from 'commander';
import { SOURCE_NAMES, type SourceName } from '../model/coverage.ts';
import type { AuditInput } from '../pass/audit.ts';
import { openPolicy } from '../pass/policy.ts';
import { openRegistry, type RegistryChoice } from '../pass/registry.ts';
import { chooseTextOptions, renderProblem, type TextOptions } from '../pass/reports.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { tell } from './tell.ts';

export const EXIT_CODES = `
Exit codes:
  0    nothing at or above --fail-on (default: warning)
  1    findings at or above --fail-on
  2    usage, configuration or policy error
  3    the audit could not be made, or was not complete enough to say "clean"
  130  interrupted`;

export interface StateOptions {
  readonly stateDir?: string;
  readonly color?: boolean;
}

export interface InputOptions extends StateOptions {
  readonly source?: SourceName;
  readonly registry?: string;
  readonly rules?: readonly string[];
  readonly shippedRules: boolean;
}

/** The option of every command that needs a registry. */
export function registryOption(): Option {
  return new Option('--registry <file>', 'official CSV or compiled snapshot to use instead of the one in force');
}

/** The option of every command that keeps something between two runs, or uses what was kept. */
export function stateDirOption(): Option {
  return new Option('--state-dir <dir>', 'where updates are kept (default: $STATE_DIRECTORY, else /var/lib/portreeve as root, else ~/.local/state/portreeve)');
}

/** Which registry those options choose. What is wrong with the one in force goes to standard error and stops nothing. */
export function registryChoice(options: StateOptions & Pick<InputOptions, 'registry'>): RegistryChoice {
  return {
    file: options.registry ?? null,
    stateDir: chooseStateDir(options.stateDir ?? null),
    warn: (problem) => {
      tell(renderProblem(problem, textOptions(process.stderr, options)));
    },
  };
}

/** The options of every command that looks at this host. */
export function withInputs(command: Command): Command {
  return command
    .addOption(new Option('--source <source>', 'the one view of the sockets to use (default: the best that works here)').choices(SOURCE_NAMES))
    .addOption(registryOption())
    .addOption(stateDirOption())
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

/** Opens what those options name. */
export async function openInputs(options: InputOptions): Promise<AuditInput> {
  const { source, rules, shippedRules } = options;
  const now = () => new Date();
  const [opened, policy] = await Promise.all([openRegistry(registryChoice(options)), openPolicy({ paths: rules ?? null, shipped: shippedRules, now })]);
  return { source: source ?? null, registry: opened, policy, now };
}

/** How text is laid out for a stream. commander gives `color: false` for --no-color. */
export function textOptions(stream: NodeJS.WriteStream, options: { readonly color?: boolean }): TextOptions {
  return chooseTextOptions({
    isTerminal: stream.isTTY,
    columns: stream.isTTY ? stream.columns : undefined,
    environment: process.env,
    noColour: options.color === false,
  });
}
