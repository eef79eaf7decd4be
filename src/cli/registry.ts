import { Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../model/config.ts';
import { readHost } from '../pass/read-host.ts';
import { diffRegistries } from '../pass/registry-diff.ts';
import { renderProgress, renderRegistryDiff, renderRegistryDiffJson, renderRegistryStatus, renderRegistryStatusJson, renderRegistryUpdate, renderRegistryUpdateJson } from '../pass/registry-reports.ts';
import { registryStatus } from '../pass/registry-status.ts';
import { compileRegistry, DEFAULT_MAX_LOSS_PERCENT, OFFICIAL_CSV, registryRows } from '../pass/registry.ts';
import { configOption, readConfig, registryChoice, registryOption, stateDirOption, textOptions, type ConfigOptions, type StateOptions } from './options.ts';
import { writeOutput } from './output.ts';

const now = (): Date => new Date();

/** `portreeve registry ...`. */
export function registryCommand(): Command {
  const registry = new Command('registry').description('the port registry: its age, its updates, and its data');
  for (const command of [statusCommand(), updateCommand(), diffCommand(), exportCommand(), compileCommand()]) registry.addCommand(command);
  return registry;
}

const MS_PER_DAY = 86_400_000;

interface OutputOptions extends StateOptions, ConfigOptions {
  readonly format: 'table' | 'json';
  readonly registry?: string;
}

/** The options, with what the configuration says where they say nothing, and the configuration itself. */
async function settle<Options extends ConfigOptions & { readonly registry?: string; readonly stateDir?: string }>(given: Options): Promise<{ readonly options: Options; readonly config: Config }> {
  const config = await readConfig(given);
  const { registry, state } = config;
  const file = given.registry ?? registry.file;
  const stateDir = given.stateDir ?? state.dir;
  return { options: { ...given, ...(file === null ? {} : { registry: file }), ...(stateDir === null ? {} : { stateDir }) }, config };
}

function withOutput(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(new Option('--format <format>', 'form of the output').choices(['table', 'json']).default('table'))
    .addOption(stateDirOption())
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

function statusCommand(): Command {
  return withOutput(new Command('status'))
    .description('which registry is in force, how old it is, and what it holds')
    .option('--max-age <days>', 'warn when it is older (default: registry.maxAge, a year)', parseCount)
    .addOption(registryOption())
    .addHelpText('after', '\nExit codes: 0, also for an old registry (see "stale" in the JSON); 2 for a\n--registry file that is none.')
    .action(async (given: OutputOptions & { maxAge?: number }) => {
      const { options, config: { registry: config } } = await settle(given);
      const status = await registryStatus({ ...registryChoice(options), maxAgeDays: options.maxAge ?? Math.floor(config.maxAge / MS_PER_DAY), now });
      await writeOutput(options.format === 'json' ? [renderRegistryStatusJson(status)] : renderRegistryStatus(status, textOptions('stdout', options)));
    });
}

const UPDATE_HELP = `
What arrives is checked before it counts: that it is the official CSV, whole,
not older than the registry in force, and that no more than a small share of the
assignments is gone. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured.

Exit codes:
  0    updated, or not modified since
  2    usage, or a file of yours that is not the official CSV
  3    could not be fetched, was not believed, or could not be written
  130  interrupted
Whatever happens, the registry in force stays whole.`;

interface UpdateOptions extends OutputOptions {
  readonly from?: string;
  readonly rollback?: true;
  readonly force?: true;
  readonly allowHttp?: true;
  readonly maxLoss: number;
  readonly timeout: number;
  readonly caFile?: string;
}

function updateCommand(): Command {
  return withOutput(new Command('update'))
    .description("fetches IANA's official CSV and puts it in force")
    .option('--from <place>', `https: or file: address, or path, of the CSV (default: registry.url, else ${OFFICIAL_CSV})`)
    .addOption(new Option('--rollback', 'go back to the previous registry; once more undoes that').conflicts(['from', 'force']))
    .option('--force', 'put a whole file in force though it is older, or has lost much')
    .option('--max-loss <percent>', 'refuse a file that lost more of the assignments', parsePercent, DEFAULT_MAX_LOSS_PERCENT)
    .option('--allow-http', 'fetch over plain HTTP too, which anyone in between can change')
    .option('--ca-file <file>', 'certificates (PEM) of issuers to trust besides the usual ones')
    .option('--timeout <seconds>', 'give up the whole transfer after so long', parseSeconds, 120)
    .addHelpText('after', UPDATE_HELP)
    .action(async (given: UpdateOptions) => {
      const { options, config: { registry: config } } = await settle(given);
      // Loaded here: what it needs for TLS takes 7 ms, and no other command needs it.
      const { rollBackRegistry, updateRegistry } = await import('../pass/registry-update.ts');
      const choice = registryChoice(options);
      const progress = showProgress(process.stderr);
      const update =
        options.rollback === true
          ? await rollBackRegistry(choice)
          : await updateRegistry({
              ...choice,
              from: options.from ?? config.url,
              force: options.force === true,
              allowHttp: options.allowHttp === true || (options.from === undefined && config.allowHttp),
              maxLossPercent: options.maxLoss,
              caFile: options.caFile ?? config.caFile,
              timeoutMs: options.timeout * 1000,
              environment: process.env,
              now,
              onProgress: progress.show,
            }).finally(progress.clear);
      await writeOutput(options.format === 'json' ? [renderRegistryUpdateJson(update)] : renderRegistryUpdate(update, textOptions('stdout', options)));
    });
}

/** A line on a terminal that is written over, ten times a second at most, and wiped away at the end; nothing elsewhere. */
function showProgress(stream: NodeJS.WriteStream): { show: (received: number, expected: number | null) => void; clear: () => void } {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined };
  const wipe = '\r\x1b[K';
  let shownAt = 0;
  return {
    show(received, expected) {
      const at = performance.now();
      if (at - shownAt < 100) return;
      shownAt = at;
      stream.write(`${wipe}Fetching the registry: ${renderProgress(received, expected)}`);
    },
    clear() {
      if (shownAt > 0) stream.write(wipe);
    },
  };
}

interface DiffOptions extends OutputOptions {
  readonly host: boolean;
}

function diffCommand(): Command {
  return withOutput(new Command('diff'))
    .description("what changed between two registries, and which of this host's listeners that touches")
    .argument('[before]', 'official CSV, compiled snapshot, or one of: embedded, current, previous', 'previous')
    .argument('[after]', 'likewise', 'current')
    .option('--no-host', "leave this host's listeners out")
    .addHelpText('after', '\nExit codes: 0, whether anything changed or not; 2 for a file that is not a\nregistry.')
    .action(async (before: string, after: string, given: DiffOptions) => {
      const { options, config: { scan } } = await settle(given);
      const { stateDir, warn } = registryChoice(options);
      const diff = await diffRegistries({ before, after, stateDir, warn, readListeners: options.host ? () => readHost(scan) : null });
      await writeOutput(options.format === 'json' ? [renderRegistryDiffJson(diff)] : renderRegistryDiff(diff, textOptions('stdout', options)));
    });
}

function exportCommand(): Command {
  return new Command('export')
    .description("every port's status as data: port,protocol,status,range,service")
    .addOption(new Option('--format <format>', 'form of the output').choices(['csv', 'ndjson']).default('csv'))
    .addOption(configOption())
    .addOption(registryOption())
    .addOption(stateDirOption())
    .action(async (options: ConfigOptions & { format: 'csv' | 'ndjson'; registry?: string; stateDir?: string }) => {
      await writeOutput(await registryRows(registryChoice((await settle(options)).options), options.format));
    });
}

function compileCommand(): Command {
  return new Command('compile')
    .description('makes a snapshot, as embedded, from an official CSV; older CSVs give the former names')
    .argument('<csv>', 'newest official CSV')
    .argument('[older...]', 'older official CSVs')
    .option('--date <date>', 'day of the snapshot, YYYY-MM-DD (default: the newest date in the data)')
    .action(async (csv: string, older: string[], options: { date?: string }) => {
      await writeOutput([await compileRegistry(csv, older, options.date ?? null)]);
    });
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

function parsePercent(text: string): number {
  if (!/^\d{1,3}(?:\.\d{1,6})?$/.test(text) || Number(text) > 100) throw new InvalidArgumentError('Write a number from 0 to 100.');
  return Number(text);
}

/** An hour at most: a lock on the registry is taken for a dead one after two. */
function parseSeconds(text: string): number {
  if (!/^\d{1,4}(?:\.\d{1,3})?$/.test(text) || Number(text) > 3600 || Number(text) === 0) throw new InvalidArgumentError('Write a number of seconds, up to 3600.');
  return Number(text);
}
