import { fstatSync } from 'node:fs';
import { Option, type Command } from 'commander';
import type { Config } from '../model/config.ts';
import { OWNER_VIEW_WISHES, SOURCE_NAMES, type OwnerViewWish, type SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { AuditInput } from '../pass/audit.ts';
import { DEFAULT_CONFIG_PATH, openConfig } from '../pass/config.ts';
import { openPolicy } from '../pass/policy.ts';
import { openRegistry, type RegistryChoice } from '../pass/registry.ts';
import { chooseTextOptions, renderProblem, type TextOptions } from '../pass/reports.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { tell } from './tell.ts';

/** No file lies below a device. */
const NO_FILE = '/dev/null/portreeve.yaml';

/** Where the daemon listens unless the configuration says otherwise. */
export const CONTROL_SOCKET = '/run/portreeve/control.sock';

export const EXIT_CODES = `
Exit codes:
  0    nothing at or above --fail-on (default: warning)
  1    findings at or above --fail-on
  2    usage, configuration or policy error
  3    the audit could not be made, or was not complete enough to say "clean"
  130  interrupted`;

export interface StateOptions {
  readonly stateDir?: string;
  readonly color?: boolean;
}

export interface ConfigOptions {
  readonly config?: string;
}

export interface InputOptions extends StateOptions, ConfigOptions {
  readonly source?: SourceName;
  readonly owners?: OwnerViewWish;
  readonly registry?: string;
  readonly rules?: readonly string[];
  readonly shippedRules: boolean;
}

/** The option of every command that needs a registry. */
export function registryOption(): Option {
  return new Option('--registry <file>', 'official CSV or compiled snapshot to use instead of the one in force');
}

/** The option of every command that keeps something between two runs, or uses what was kept. */
export function stateDirOption(): Option {
  return new Option('--state-dir <dir>', 'where state, history and registry updates are kept (default: $STATE_DIRECTORY, else /var/lib/portreeve as root, else ~/.local/state/portreeve)');
}

/** Which registry those options choose. What is wrong with the one in force goes to standard error and stops nothing. */
export function registryChoice(options: StateOptions & Pick<InputOptions, 'registry'>): RegistryChoice {
  return {
    file: options.registry ?? null,
    stateDir: chooseStateDir(options.stateDir ?? null),
    warn: (problem) => {
      tell(renderProblem(problem, textOptions('stderr', options)));
    },
  };
}

/** The option of every command that the configuration has a say in. */
export function configOption(): Option {
  return new Option('--config <file>', `configuration, which counts where no option does (default: ${DEFAULT_CONFIG_PATH}, if it is there)`);
}

/** The options of every command that looks at this host. */
export function withInputs(command: Command): Command {
  return command
    .addOption(configOption())
    .addOption(new Option('--source <source>', 'the one view of the sockets to use (default: the best that works here)').choices(SOURCE_NAMES))
    .addOption(new Option('--owners <how>', 'how owners are found: by reading /proc, or by a BPF program in the kernel (default: auto, whichever is quicker and works here)').choices(OWNER_VIEW_WISHES))
    .addOption(registryOption())
    .addOption(stateDirOption())
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

/**
 * The configuration that an option names, or the default one. Whoever may not read that one works without it, and is told.
 * @throws PortreeveError `config-invalid`, `config-unreadable`
 */
export async function readConfig(options: ConfigOptions & { readonly color?: boolean }): Promise<Config> {
  const path = options.config ?? null;
  try {
    return (await openConfig({ path, underSystemd: false })).config;
  } catch (error) {
    if (path !== null || !(error instanceof PortreeveError) || error.code !== 'config-unreadable' || process.geteuid?.() === 0) throw error;
    tell(`portreeve: working without the configuration: ${error.message}\n`);
    return (await openConfig({ path: null, underSystemd: false, defaultPath: NO_FILE })).config;
  }
}

/** The option of every command that asks the daemon. */
export function socketOption(): Option {
  return new Option('--socket <path>', `the daemon's control socket (default: control.socket of the configuration, ${CONTROL_SOCKET})`);
}

/**
 * Where the daemon is to be asked.
 * @throws PortreeveError `daemon-unreachable` where the configuration says that it has no socket
 */
export async function chooseSocket(options: ConfigOptions & { readonly socket?: string }): Promise<string> {
  if (options.socket !== undefined) return options.socket;
  const { socket } = (await readConfig(options)).control;
  if (socket === null) throw new PortreeveError('daemon-unreachable', 'the daemon has no control socket: control.socket is none', { hint: 'Set it in the configuration, and restart the daemon.' });
  return socket;
}

/** The options, with what the configuration says where they say nothing. */
export async function settleOptions<Options extends InputOptions>(options: Options): Promise<Options> {
  const { policy, registry, scan, state } = await readConfig(options);
  const rules = options.rules ?? policy.rules;
  const file = options.registry ?? registry.file;
  const source = options.source ?? scan.source;
  const owners = options.owners ?? scan.owners;
  const stateDir = options.stateDir ?? state.dir;
  return {
    ...options,
    shippedRules: options.shippedRules && policy.shipped,
    ...(rules === null ? {} : { rules }),
    ...(file === null ? {} : { registry: file }),
    ...(source === null ? {} : { source }),
    owners,
    ...(stateDir === null ? {} : { stateDir }),
  };
}

/** Opens what settled options name. */
export async function openInputs(options: InputOptions): Promise<AuditInput> {
  const { source, owners, rules, shippedRules } = options;
  const now = () => new Date();
  const [opened, policy] = await Promise.all([openRegistry(registryChoice(options)), openPolicy({ paths: rules ?? null, shipped: shippedRules, now })]);
  return { source: source ?? null, owners: owners ?? 'auto', registry: opened, policy, now };
}

/** How text is laid out for a stream. commander gives `color: false` for --no-color. */
export function textOptions(name: 'stdout' | 'stderr', options: { readonly color?: boolean }): TextOptions {
  const stream = mayBeTerminal(name === 'stdout' ? 1 : 2) ? process[name] : null;
  return chooseTextOptions({
    isTerminal: stream?.isTTY ?? false,
    columns: stream?.isTTY === true ? stream.columns : undefined,
    environment: process.env,
    noColour: options.color === false,
  });
}

/** Memory devices, /dev/null among them (Linux, Documentation/admin-guide/devices.txt). */
const MEMORY_DEVICES = 1;

/** To ask process.stdout itself loads Node's streams, 2 ms, and most output goes to a file or a pipe. */
function mayBeTerminal(descriptor: number): boolean {
  const file = fstatSync(descriptor);
  return file.isCharacterDevice() && file.rdev >> 8 !== MEMORY_DEVICES;
}
