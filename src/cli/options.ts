import { Option, type Command } from 'commander';
import { SOURCE_NAMES, type SourceName } from '../model/coverage.ts';
import type { AuditInput } from '../pass/audit.ts';
import { openPolicy } from '../pass/policy.ts';
import { openRegistry } from '../pass/registry.ts';
import { chooseTextOptions, type TextOptions } from '../pass/reports.ts';

export const EXIT_CODES = `
Exit codes:
  0    nothing at or above --fail-on (default: warning)
  1    findings at or above --fail-on
  2    usage, configuration or policy error
  3    the audit could not be made, or was not complete enough to say "clean"
  130  interrupted`;

export interface InputOptions {
  readonly source?: SourceName;
  readonly registry?: string;
  readonly rules?: readonly string[];
  readonly shippedRules: boolean;
}

/** The option of every command that needs a registry. */
export function registryOption(): Option {
  return new Option('--registry <file>', 'official CSV or compiled snapshot to use instead of the embedded one');
}

/** The options of every command that looks at this host. */
export function withInputs(command: Command): Command {
  return command
    .addOption(new Option('--source <source>', 'the one view of the sockets to use (default: the best that works here)').choices(SOURCE_NAMES))
    .addOption(registryOption())
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

/** Opens what those options name. */
export async function openInputs({ source, registry, rules, shippedRules }: InputOptions): Promise<AuditInput> {
  const now = () => new Date();
  const [opened, policy] = await Promise.all([openRegistry(registry ?? null), openPolicy({ paths: rules ?? null, shipped: shippedRules, now })]);
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
