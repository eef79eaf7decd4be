import { Option, type Command } from 'commander';
import { renderInstallation, renderInstallationJson, renderLeft, renderNext, renderStep } from '../pass/installation-reports.ts';
import type { OpenPlan } from '../pass/service-installation.ts';
import { textOptions } from './options.ts';
import { writeOutput } from './output.ts';

export interface PlanOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly root?: string;
  readonly format: 'table' | 'json';
  readonly color?: boolean;
}

export const PLAN_EXIT_CODES = `
Exit codes:
  0    done, or the plan was shown, or there is nothing to do
  2    usage error
  3    it could not be done, or not to its end: what is told as done is done
  130  interrupted`;

export function withPlanOptions(command: Command): Command {
  return command
    .option('-y, --yes', 'do it, without asking')
    .addOption(new Option('-n, --dry-run', 'only show what would be done').conflicts('yes'))
    .option('--root <dir>', 'folder that stands for /, for an image: systemctl is not run')
    .addOption(new Option('--format <format>', 'form of the plan; json only shows it, as --dry-run does').choices(['table', 'json']).default('table'))
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

const INTERRUPTED = 130;

/** Shows the plan, and does it where that was asked for: on the command line, or on the terminal. `finish` takes the exit code if it is not 0. */
export async function carryOut(open: OpenPlan, options: PlanOptions, finish: (exitCode: number) => void): Promise<void> {
  const { plan } = open;
  const text = textOptions('stdout', options);
  if (options.format === 'json') {
    await writeOutput([renderInstallationJson(plan)]);
    return;
  }
  if (options.yes !== true) {
    await writeOutput(renderInstallation(plan, text));
    if (plan.steps.length === 0 || options.dryRun === true) return;
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      await writeOutput(['\nNothing was done. To do it, add --yes.\n']);
      return;
    }
    const { answer, interrupted } = await ask('\nDo this? [y/N] ');
    if (answer === null || !/^y(?:es)?$/i.test(answer)) {
      if (interrupted) finish(INTERRUPTED);
      await writeOutput([`${answer === null ? '\n' : ''}Nothing was done.\n`]);
      return;
    }
  }
  await open.apply((step, failure) => writeOutput([renderStep(step, text, failure)]));
  if (options.yes === true) await writeOutput(renderLeft(plan, text));
  await writeOutput(renderNext(plan, text));
}

async function ask(question: string): Promise<{ readonly answer: string | null; readonly interrupted: boolean }> {
  const { openConversation } = await import('./conversation.ts');
  const conversation = openConversation(process.stdin, process.stdout);
  try {
    const answer = await conversation.ask(question);
    return { answer, interrupted: conversation.interrupted };
  } finally {
    conversation.close();
  }
}
