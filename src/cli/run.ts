import { Command, CommanderError } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { VERSION } from '../model/version.ts';
import { renderError } from '../pass/reports.ts';
import { auditCommand } from './audit.ts';
import { baselineCommand } from './baseline.ts';
import { daemonCommand } from './daemon.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { EXIT_CODES, textOptions } from './options.ts';
import { OutputClosed } from './output.ts';
import { policyCommand } from './policy.ts';
import { registryCommand } from './registry.ts';
import { statusCommand } from './status.ts';
import { suggestCommand } from './suggest.ts';
import { tell } from './tell.ts';
import { watchCommand } from './watch.ts';

/** Runs one command line and gives its exit code. Results go to standard output, everything else to standard error. */
export async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = createProgram(argv[0], (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof OutputClosed) return exitCode;
    if (error instanceof PortreeveError) {
      tell(renderError(error, textOptions(process.stderr, { color: !argv.includes('--no-color') })));
      return error.exitCode;
    }
    const { code, message, stack } = error as NodeJS.ErrnoException;
    tell(code === undefined ? `portreeve: this is a fault in portreeve, please report it:\n${stack ?? message}\n` : `portreeve: ${message}\n`);
    return 3;
  }
}

const COMMANDS: Readonly<Record<string, (finish: (exitCode: number) => void) => Command>> = {
  audit: auditCommand,
  baseline: baselineCommand,
  daemon: daemonCommand,
  doctor: doctorCommand,
  explain: explainCommand,
  policy: policyCommand,
  registry: registryCommand,
  status: statusCommand,
  suggest: suggestCommand,
  watch: watchCommand,
};

/** The program with the command that was asked for, or with all where help or a near match may be wanted. */
function createProgram(wanted: string | undefined, finish: (exitCode: number) => void): Command {
  const program = new Command('portreeve')
    .description('Knows every listening socket of this host, who owns it, what IANA says of its port, and what your policy makes of it.')
    .version(VERSION, '-V, --version')
    .addHelpText('after', EXIT_CODES);
  const create = wanted !== undefined && Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  for (const each of create === undefined ? Object.values(COMMANDS) : [create]) program.addCommand(each(finish));
  throwInsteadOfExiting(program);
  return program;
}

/** Errors of usage come back as exceptions, at every depth of the commands. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: tell }).showHelpAfterError('(add --help for the usage)');
  command.commands.forEach(throwInsteadOfExiting);
}
