import { Command } from 'commander';
import { carryOut, PLAN_EXIT_CODES, withPlanOptions, type PlanOptions } from './service-plan.ts';

const HELP = `
Without --yes the plan is shown first: on a terminal you are asked, elsewhere
nothing is done. State, logs, and files that were changed or added since stay
where they are, and are named.
${PLAN_EXIT_CODES}`;

/** `portreeve uninstall-service`. `finish` takes the exit code if it is not 0. */
export function uninstallServiceCommand(finish: (exitCode: number) => void): Command {
  return withPlanOptions(new Command('uninstall-service'))
    .description('stops the service, and removes what install-service put in place')
    .addHelpText('after', HELP)
    .action(async (options: PlanOptions) => {
      const { openRemoval } = await import('../pass/service-installation.ts');
      await carryOut(openRemoval({ root: options.root ?? null }), options, finish);
    });
}
