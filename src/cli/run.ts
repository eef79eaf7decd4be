import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { SOURCE_NAMES, type SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { VERSION } from '../model/version.ts';
import { audit, type AuditInput } from '../pass/audit.ts';
import { explain, parsePortQuestion } from '../pass/explain.ts';
import { openPolicy } from '../pass/policy.ts';
import { compileRegistry, openRegistry, registryRows } from '../pass/registry.ts';
import { chooseTextOptions, renderAudit, renderExplanation, renderExplanationJson, renderError, REPORT_FORMATS, type ReportFormat, type TextOptions } from '../pass/reports.ts';
import { exitCodeOf } from './exit-code.ts';
import { OutputClosed, writeOutput } from './output.ts';

const EXIT_CODES = `
Exit codes:
  0    nothing at or above --fail-on (default: warning)
  1    findings at or above --fail-on
  2    usage, configuration or policy error
  3    the audit could not be made, or was not complete enough to say "clean"
  130  interrupted`;

interface InputOptions {
  readonly source?: SourceName;
  readonly registry?: string;
  readonly rules?: readonly string[];
  readonly shippedRules: boolean;
}

interface AuditOptions extends InputOptions {
  readonly now?: true;
  readonly format?: ReportFormat;
  readonly failOn: Severity | 'never';
}

/** Runs one command line and gives its exit code. Results go to standard output, everything else to standard error. */
export async function run(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  const finish = (code: number) => {
    exitCode = code;
  };
  const program = createProgram(finish);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof OutputClosed) return exitCode;
    if (error instanceof PortreeveError) {
      process.stderr.write(renderError(error, textOptions(process.stderr, argv.includes('--no-color'))));
      return error.exitCode;
    }
    const { code, message, stack } = error as NodeJS.ErrnoException;
    process.stderr.write(code === undefined ? `portreeve: this is a fault in portreeve, please report it:\n${stack ?? message}\n` : `portreeve: ${message}\n`);
    return 3;
  }
}

function createProgram(finish: (exitCode: number) => void): Command {
  const program = new Command('portreeve')
    .description('Knows every listening socket of this host, who owns it, what IANA says of its port, and what your policy makes of it.')
    .version(VERSION, '-V, --version')
    .exitOverride()
    .showHelpAfterError('(portreeve --help lists the commands)')
    .enablePositionalOptions()
    .addHelpText('after', EXIT_CODES);

  withInputs(program.command('audit'))
    .description('every listener, worst first')
    .option('--now', 'scan this host now')
    .addOption(new Option('--format <format>', 'form of the output (default: table)').choices(REPORT_FORMATS))
    .addOption(new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices([...SEVERITIES, 'never']).default('warning'))
    .addHelpText('after', EXIT_CODES)
    .action(async (options: AuditOptions, command: Command) => {
      finish(await runAudit(options, noColour(command), finish));
    });

  withInputs(program.command('explain'))
    .description('what a port is, who listens on it here, and what to do')
    .argument('<port>', 'PORT or PORT/PROTO, such as 1302 or 1302/tcp', parseQuestion)
    .addOption(new Option('--format <format>', 'form of the output (default: text)').choices(['text', 'json']))
    .action(async (question: ReturnType<typeof parsePortQuestion>, options: InputOptions & { format?: 'text' | 'json' }, command: Command) => {
      const explanation = await explain(question, await openInputs(options));
      writeOutput(options.format === 'json' ? [renderExplanationJson(explanation)] : renderExplanation(explanation, textOptions(process.stdout, noColour(command))));
    });

  const registry = program.command('registry').description('the port registry').exitOverride();
  registry
    .command('export')
    .description("every port's status as data: port,protocol,status,range,service")
    .addOption(new Option('--format <format>', 'form of the output').choices(['csv', 'ndjson']).default('csv'))
    .option('--registry <file>', 'official CSV or compiled snapshot to use instead of the embedded one')
    .action(async (options: { format: 'csv' | 'ndjson'; registry?: string }) => {
      writeOutput(await registryRows(options.registry ?? null, options.format));
    });
  registry
    .command('compile')
    .description('makes a snapshot, as embedded, from an official CSV; older CSVs give the former names')
    .argument('<csv>', 'newest official CSV')
    .argument('[older...]', 'older official CSVs')
    .option('--date <date>', 'day of the snapshot, YYYY-MM-DD (default: the newest date in the data)')
    .action(async (csv: string, older: string[], options: { date?: string }) => {
      writeOutput([await compileRegistry(csv, older, options.date ?? null)]);
    });
  return program;
}

/** The options of every command that looks at this host. */
function withInputs(command: Command): Command {
  return command
    .exitOverride()
    .addOption(new Option('--source <source>', 'the one view of the sockets to use (default: the best that works here)').choices(SOURCE_NAMES))
    .option('--registry <file>', 'official CSV or compiled snapshot to use instead of the embedded one')
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

async function openInputs({ source, registry, rules, shippedRules }: InputOptions): Promise<AuditInput> {
  const now = () => new Date();
  const [opened, policy] = await Promise.all([openRegistry(registry ?? null), openPolicy({ paths: rules ?? null, shipped: shippedRules, now })]);
  return { source: source ?? null, registry: opened, policy, now };
}

async function runAudit(options: AuditOptions, noColour: boolean, finish: (exitCode: number) => void): Promise<number> {
  if (options.now !== true) {
    throw new PortreeveError('source-failed', "no daemon runs here whose latest audit could be shown", { hint: 'portreeve audit --now scans this host once' });
  }
  const report = await audit(await openInputs(options));
  const exitCode = exitCodeOf(report, options.failOn);
  // Known before the first line is written: a reader who leaves early does not change what was found.
  finish(exitCode);
  writeOutput(renderAudit(report, options.format ?? 'table', textOptions(process.stdout, noColour)));
  for (const warning of report.policy.warnings) process.stderr.write(`portreeve: ${warning}\n`);
  return exitCode;
}

function parseQuestion(text: string): ReturnType<typeof parsePortQuestion> {
  try {
    return parsePortQuestion(text);
  } catch (error) {
    if (error instanceof PortreeveError) throw new InvalidArgumentError(`${error.message}: ${error.hint ?? ''}`);
    throw error;
  }
}

/** commander gives `color: false` for --no-color. */
function noColour(command: Command): boolean {
  return command.opts<{ color?: boolean }>().color === false;
}

function textOptions(stream: NodeJS.WriteStream, noColour: boolean): TextOptions {
  return chooseTextOptions({ isTerminal: stream.isTTY, columns: stream.isTTY ? stream.columns : undefined, environment: process.env, noColour });
}
