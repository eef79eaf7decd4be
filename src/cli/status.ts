import { Command, Option } from 'commander';
import { askStatus } from '../pass/ask-daemon.ts';
import { isHealthy, renderStatus, renderStatusJson } from '../pass/daemon-reports.ts';
import { chooseSocket, configOption, socketOption, textOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface StatusOptions {
  readonly format: 'table' | 'json';
  readonly config?: string;
  readonly socket?: string;
  readonly color?: boolean;
}

/** `portreeve status`. `finish` takes the exit code as soon as it is known. */
export function statusCommand(finish: (exitCode: number) => void): Command {
  return new Command('status')
    .description("the daemon's health: what is wrong first")
    .addOption(new Option('--format <format>', 'form of the output').choices(['table', 'json']).default('table'))
    .addOption(configOption())
    .addOption(socketOption())
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', '\nExit codes: 0 it is well; 2 usage; 3 it is not, or cannot be reached.\nWhat it found on this host, and what it cannot see there, does not count:\nportreeve audit.')
    .action(async ({ format, ...options }: StatusOptions) => {
      const status = await askStatus(await chooseSocket(options));
      const now = new Date();
      finish(isHealthy(status, now) ? 0 : 3);
      await writeOutput(format === 'json' ? [renderStatusJson(status)] : renderStatus(status, now, textOptions('stdout', options)));
    });
}
