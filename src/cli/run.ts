import { Command, CommanderError } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { VERSION } from '../model/version.ts';
import { renderError } from '../pass/reports.ts';
import { EXIT_CODES, textOptions } from './options.ts';
import { OutputClosed } from './output.ts';
import { tell } from './tell.ts';

/** Runs one command line and gives its exit code. Results go to standard output, everything else to standard error. */
export async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  try {
    const program = await createProgram(argv[0], (code) => {
      exitCode = code;
    });
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

type CreateCommand = (finish: (exitCode: number) => void) => Command;

/** Each is loaded when it is asked for: what the daemon needs would cost every audit 20 ms. */
const COMMANDS: Readonly<Record<string, () => Promise<CreateCommand>>> = {
  'audit': async () => (await import('./audit.ts')).auditCommand,
  'baseline': async () => (await import('./baseline.ts')).baselineCommand,
  'daemon': async () => (await import('./daemon.ts')).daemonCommand,
  'doctor': async () => (await import('./doctor.ts')).doctorCommand,
  'explain': async () => (await import('./explain.ts')).explainCommand,
  'history': async () => (await import('./history.ts')).historyCommand,
  'install-service': async () => (await import('./install-service.ts')).installServiceCommand,
  'policy': async () => (await import('./policy.ts')).policyCommand,
  'registry': async () => (await import('./registry.ts')).registryCommand,
  'sink': async () => (await import('./sink.ts')).sinkCommand,
  'status': async () => (await import('./status.ts')).statusCommand,
  'suggest': async () => (await import('./suggest.ts')).suggestCommand,
  'uninstall-service': async () => (await import('./uninstall-service.ts')).uninstallServiceCommand,
  'watch': async () => (await import('./watch.ts')).watchCommand,
};

/** The program with the command that was asked for, or with all where help or a near match may be wanted. */
async function createProgram(wanted: string | undefined, finish: (exitCode: number) => void): Promise<Command> {
  const program = new Command('portreeve')
    .description('Knows every listening socket of this host, who owns it, what IANA says of its port, and what your policy makes of it.')
    .version(VERSION, '-V, --version')
    .addHelpText('after', EXIT_CODES);
  const load = wanted !== undefined && Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  for (const each of load === undefined ? Object.values(COMMANDS) : [load]) program.addCommand((await each())(finish));
  throwInsteadOfExiting(program);
  return program;
}

/** Errors of usage come back as exceptions, at every depth of the commands. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: tell }).showHelpAfterError('(add --help for the usage)');
  command.commands.forEach(throwInsteadOfExiting);
}
