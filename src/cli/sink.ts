import { Command, Option } from 'commander';
import { SYSTEM_CLOCK } from '../model/clock.ts';
import { ERROR_CODES } from '../model/errors.ts';
import type { LogFields, Logger } from '../model/logger.ts';
import { renderSinkTest, SINK_TEST_FORMATS, testConfiguredSinks, type SinkTestFormat } from '../pass/sink-test.ts';
import { configOption, textOptions, type ConfigOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

const TEST_HELP = `
The event goes over a connection of its own, past every filter, and needs no
daemon. "received" means that the receiver is known to have it; "sent" that it
left this host and nothing says more, as with UDP.

Exit codes:
  0    every sink took it
  2    usage, or a faulty configuration
  3    at least one sink could not be reached`;

interface TestOptions extends ConfigOptions {
  readonly format: SinkTestFormat;
  readonly color?: boolean;
}

/** `portreeve sink ...`. `finish` takes the exit code. */
export function sinkCommand(finish: (exitCode: number) => void): Command {
  return new Command('sink').description('where alerts are sent: the journal, syslog, files, programs').addCommand(testCommand(finish));
}

function testCommand(finish: (exitCode: number) => void): Command {
  return new Command('test')
    .description('send a test event to one sink, or to each, and tell what happened')
    .argument('[name]', 'name of the sink in the configuration')
    .addOption(configOption())
    .addOption(new Option('--format <format>', 'form of the output').choices(SINK_TEST_FORMATS).default('text'))
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', TEST_HELP)
    .action(async (name: string | undefined, options: TestOptions) => {
      const outcomes = await testConfiguredSinks({ config: options.config ?? null, name: name ?? null }, { clock: SYSTEM_CLOCK, logger: tellingLogger() });
      finish(outcomes.some(({ result }) => result === 'failed') ? ERROR_CODES['sink-failed'] : 0);
      await writeOutput(renderSinkTest(outcomes, options.format, textOptions('stdout', options)));
    });
}

/** What a sink would log goes to standard error: the output of a program, above all. */
function tellingLogger(): Logger {
  const line = (message: string, fields: LogFields = {}): void => {
    tell(`portreeve: ${message}: ${Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`).join(' ')}\n`);
  };
  return { debug: line, info: line, warning: line, error: line };
}
