import { Command, Option } from 'commander';
import { carryOut, PLAN_EXIT_CODES, withPlanOptions, type PlanOptions } from './service-plan.ts';

interface InstallOptions extends PlanOptions {
  readonly timer?: true;
  readonly network?: boolean;
}

const HELP = `
Without --yes the plan is shown first: on a terminal you are asked, elsewhere
nothing is done. A file that was changed since it was installed is never
overwritten: what belongs there is put beside it, as FILE.new. Run it again
after an upgrade of the program.
${PLAN_EXIT_CODES}`;

/** `portreeve install-service`. `finish` takes the exit code if it is not 0. */
export function installServiceCommand(finish: (exitCode: number) => void): Command {
  return withPlanOptions(new Command('install-service'))
    .description('puts the systemd units and the default configuration in place, and starts the service')
    .option('--timer', 'no daemon: one audit each hour, by a timer')
    .addOption(new Option('--network', 'let the daemon open connections: syslog to other hosts, automatic updates of the registry'))
    .addOption(new Option('--no-network', 'take that back (default: as it was installed before, at first without)').conflicts('timer'))
    .addHelpText('after', HELP)
    .action(async (options: InstallOptions) => {
      // Loaded here: it starts other programs, and node:child_process is 5 ms to load.
      const { openInstallation } = await import('../pass/service-installation.ts');
      await carryOut(openInstallation({ root: options.root ?? null, variant: options.timer === true ? 'timer' : 'daemon', network: options.network ?? null }), options, finish);
    });
}
