import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { startDaemon } from '../daemon/start-daemon.ts';
import { SOURCE_NAMES, type SourceName } from '../model/coverage.ts';
import { checkConfig } from '../pass/config.ts';
import { CONFIG_CHECK_FORMATS, renderConfigCheck, type ConfigCheckFormat } from '../pass/config-reports.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { registryOption, stateDirOption, textOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface DaemonOptions {
  readonly config?: string;
  readonly checkConfig?: true;
  readonly format: ConfigCheckFormat;
  readonly source?: SourceName;
  readonly registry?: string;
  readonly rules?: readonly string[];
  readonly stateDir?: string;
  readonly color?: boolean;
}

const HELP = `
Signals: SIGHUP takes configuration, rules and registry anew, and keeps the old
ones where the new are bad; SIGTERM and SIGINT end it when the sinks have what
is left; a second one ends it at once.

Exit codes:
  0    ended by a signal, or the configuration is in order
  2    usage, configuration or policy error
  3    another daemon uses the state directory or the control socket, or the
       sockets cannot be read
  130, 143  ended at once by a second signal`;

/** `portreeve daemon`: the agent in the foreground, as systemd runs it. */
export function daemonCommand(finish: (exitCode: number) => void): Command {
  return new Command('daemon')
    .description('the agent in the foreground, as systemd runs it')
    .option('--config <file>', 'configuration (default: /etc/portreeve/portreeve.yaml, if it is there)')
    .option('--check-config', 'say what it would start with, or all that is wrong, and end')
    .addOption(new Option('--format <format>', 'form of what --check-config says').choices(CONFIG_CHECK_FORMATS).default('text'))
    .addOption(new Option('--source <source>', 'the one view of the sockets to use (default: scan.source)').choices(SOURCE_NAMES))
    .addOption(registryOption())
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: policy.rules)')
    .addOption(stateDirOption())
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', HELP)
    .action(async ({ config, checkConfig: isCheck, format, source, registry, rules, stateDir, ...options }: DaemonOptions) => {
      if (isCheck === true) {
        const check = await checkConfig({ path: config ?? null, underSystemd: existsSync('/run/systemd/system') }, { stateDir: chooseStateDir(stateDir ?? null), now: () => new Date() });
        finish(check.ok ? 0 : 2);
        await writeOutput(renderConfigCheck(check, format, textOptions('stdout', options)));
        return;
      }
      finish(await startDaemon({ config: config ?? null, source: source ?? null, registry: registry ?? null, rules: rules ?? null, stateDir: stateDir ?? null }));
    });
}
