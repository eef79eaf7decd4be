import { hostname, release, type as osType } from 'node:os';
import { defaultConfig } from '../config/parse-config.ts';
import { loadConfig } from '../config/load-config.ts';
import { askDaemon } from '../control/client.ts';
import { checkConfiguration, checkPolicy, checkRegistry, type Refusal } from '../doctor/check-inputs.ts';
import { checkKernelEvents, checkReading } from '../doctor/check-kernel.ts';
import { checkDaemon } from '../doctor/check-service.ts';
import { openHostFiles } from '../doctor/host-files.ts';
import { inspectHost } from '../doctor/inspect-host.ts';
import { surveyNamespaces } from '../inventory/namespaces.ts';
import type { Config } from '../model/config.ts';
import { CHECK_NAMES, type DoctorCheck, type DoctorReport } from '../model/doctor.ts';
import { PortreeveError } from '../model/errors.ts';
import { VERSION } from '../model/version.ts';
import { tryTracefs } from '../sources/tracefs/try-tracefs.ts';
import { explainUnknownFields } from './policy-facts.ts';
import { openPolicy } from './policy.ts';
import { HOST_PATHS, readHost } from './read-host.ts';
import { registryStatus } from './registry-status.ts';
import { chooseStateDir } from './state-dir.ts';

export interface DoctorInput {
  /** Configuration file that the user named; null for the default one. */
  readonly config: string | null;
  /** Likewise; they come before what the configuration says. */
  readonly registry: string | null;
  readonly rules: readonly string[] | null;
  readonly shipped: boolean;
  readonly stateDir: string | null;
  readonly now: () => Date;
}

const DAY_MS = 86_400_000;
/** A daemon that hangs must not hang the doctor. */
const PATIENCE = 2_000;

/**
 * Looks at everything that portreeve needs or can use on this host, by trying it: one scan, one trace instance, one
 * question to the daemon. Nothing is changed. Never throws for what it finds.
 */
export async function examineHost(input: DoctorInput): Promise<DoctorReport> {
  const { check: configuration, config } = await readConfiguration(input.config);
  const stateDir = chooseStateDir(input.stateDir ?? config.state.dir);
  const onLinux = process.platform === 'linux';
  const checks = [
    configuration,
    ...(onLinux ? inspectHost({ files: openHostFiles(), now: input.now(), stateDir, maxSize: config.state.maxSize }) : []),
    ...(onLinux ? [checkKernelEvents(tryTracefs())] : []),
    ...checkReading(await readSockets(config)),
    checkDaemon(await askStatus(config.control.socket)),
    await examineRegistry(input, config, stateDir),
    await examinePolicy(input, config),
  ];
  return {
    schema: 'portreeve/doctor/v1',
    version: VERSION,
    host: { name: hostname(), os: osType(), kernel: release() },
    ready: !checks.some(({ state, needed }) => state === 'missing' && needed),
    checks: checks.sort((one, other) => CHECK_NAMES.indexOf(one.name) - CHECK_NAMES.indexOf(other.name)),
  };
}

async function readConfiguration(path: string | null): Promise<{ readonly check: DoctorCheck; readonly config: Config }> {
  try {
    const { config, warnings } = await loadConfig(path);
    return { check: checkConfiguration({ file: config.file, warnings: warnings.length }), config };
  } catch (error) {
    return { check: checkConfiguration(refusalOf(error)), config: defaultConfig([]) };
  }
}

async function readSockets({ scan }: Config): Promise<Parameters<typeof checkReading>[0]> {
  try {
    const { source, owners, listeners, gaps } = await readHost(scan);
    const otherNamespaces = source === 'portable' ? 0 : surveyNamespaces(HOST_PATHS.proc, HOST_PATHS.netns).others.length;
    return { source, ownersBy: owners ?? null, listeners: listeners.length, gaps, otherNamespaces, isRoot: process.geteuid?.() === 0 };
  } catch (error) {
    return { failure: refusalOf(error).message };
  }
}

async function askStatus(socket: string | null): Promise<Parameters<typeof checkDaemon>[0]> {
  if (socket === null) return null;
  try {
    for await (const answer of askDaemon(socket, { request: 'status' }, { timeoutMs: PATIENCE })) if (answer.answer === 'status') return answer.status;
    return { failure: `${socket}: no answer`, hint: 'systemctl status portreeve' };
  } catch (error) {
    const { message, hint } = refusalOf(error);
    return { failure: message, hint };
  }
}

async function examineRegistry({ registry, now }: DoctorInput, config: Config, stateDir: string): Promise<DoctorCheck> {
  try {
    const damaged: string[] = [];
    const status = await registryStatus({ file: registry ?? config.registry.file, stateDir, maxAgeDays: Math.floor(config.registry.maxAge / DAY_MS), now, warn: ({ message }) => damaged.push(message) });
    return checkRegistry({ ...status, source: [status.source, ...damaged].join('; ') });
  } catch (error) {
    return checkRegistry(refusalOf(error));
  }
}

async function examinePolicy({ rules, shipped, now }: DoctorInput, config: Config): Promise<DoctorCheck> {
  try {
    const policy = await openPolicy({ paths: rules ?? config.policy.rules, shipped: shipped && config.policy.shipped, now });
    return checkPolicy({ rules: policy.rules.length, exceptions: policy.exceptions.length, warnings: policy.warnings.length, unknown: explainUnknownFields(policy.fields, null) });
  } catch (error) {
    return checkPolicy(refusalOf(error));
  }
}

/** A fault of the program is none of the host, and is not swallowed. */
function refusalOf(error: unknown): Refusal {
  if (!(error instanceof PortreeveError)) throw error;
  return error;
}
