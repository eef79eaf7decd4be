import { Command, CommanderError } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { VERSION } from '../model/version.ts';
import { renderError } from '../pass/reports.ts';
import { EXIT_CODES, textOptions } from './options.ts';
import { OutputClosed } from './output.ts';
import { show, tell } from './tell.ts';

/** Commands by name. Each is loaded when it is asked for: what the daemon needs would cost every other command 20 ms. */
export type Commands = Readonly<Record<string, () => Promise<(finish: (exitCode: number) => void) => Command>>>;

/** Runs one command line and gives its exit code. Results go to standard output, everything else to standard error. */
export async function run(commands: Commands, argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  try {
    const program = await createProgram(commands, argv[0], (code) => {
      exitCode = code;
    });
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof OutputClosed) return exitCode;
    if (error instanceof PortreeveError) {
      tell(renderError(error, textOptions('stderr', { color: !argv.includes('--no-color') })));
      return error.exitCode;
    }
    const { code, message, stack } = error as NodeJS.ErrnoException;
    tell(code === undefined ? `portreeve: this is a fault in portreeve, please report it:\n${stack ?? message}\n` : `portreeve: ${message}\n`);
    return 3;
  }
}

/** The program with the command that was asked for, or with all where help or a near match may be wanted. */
async function createProgram(commands: Commands, wanted: string | undefined, finish: (exitCode: number) => void): Promise<Command> {
  const program = new Command('portreeve')
    .description('Knows every listening socket of this host, who owns it, what IANA says of its port, and what your policy makes of it.')
    .version(VERSION, '-V, --version')
    .addHelpText('after', EXIT_CODES);
  const load = wanted !== undefined && Object.hasOwn(commands, wanted) ? commands[wanted] : undefined;
  for (const each of load === undefined ? Object.values(commands) : [load]) program.addCommand((await each())(finish));
  throwInsteadOfExiting(program);
  return program;
}

/** Errors of usage come back as exceptions, at every depth of the commands. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: tell, writeOut: show }).showHelpAfterError('(add --help for the usage)');
  command.commands.forEach(throwInsteadOfExiting);
}
