import { stat } from 'node:fs/promises';
import type { Config } from '../model/config.ts';
import type { Problem } from '../model/errors.ts';
import type { Policy } from '../model/policy.ts';
import type { ExceptionOverview } from '../model/policy-overview.ts';
import type { PortRegistry } from '../model/registry.ts';
import { localDate, openPolicyWithExceptions } from '../pass/policy.ts';
import { openRegistry, registrySnapshotPath } from '../pass/registry.ts';

/** What the daemon works by besides its configuration: read together, and replaced together or not at all. */
export interface Inputs {
  readonly policy: Policy;
  /** All exceptions of the policy's files, in force or not. */
  readonly exceptions: readonly ExceptionOverview[];
  readonly registry: PortRegistry;
  /** What the file of the registry in force looked like when it was read. */
  readonly registryStamp: string;
  /** ISO 8601. */
  readonly loadedAt: string;
  /** The day for which the policy was compiled, YYYY-MM-DD: exceptions end with a day. */
  readonly day: string;
  readonly warnings: readonly Problem[];
}

export interface InputChoice {
  readonly config: Config;
  /** Rules and registry that the command line names before the configuration. */
  readonly rules: readonly string[] | null;
  readonly registry: string | null;
  readonly stateDir: string;
  readonly now: () => Date;
}

/**
 * Reads policy and registry.
 * @throws PortreeveError `policy-invalid`, `policy-unreadable`, `registry-invalid`, `registry-unreadable`
 */
export async function openInputs(choice: InputChoice): Promise<Inputs> {
  const { config, now } = choice;
  const warnings: Problem[] = [];
  const registryStamp = await stampRegistry(choice);
  const [{ policy, exceptions }, registry] = await Promise.all([
    openPolicyWithExceptions({ paths: choice.rules ?? config.policy.rules, shipped: config.policy.shipped, now }),
    openRegistry({ file: choice.registry ?? config.registry.file, stateDir: choice.stateDir, warn: (problem) => warnings.push(problem) }),
  ]);
  return { policy, exceptions, registry, registryStamp, loadedAt: now().toISOString(), day: localDate(now()), warnings: [...warnings, ...policy.warnings] };
}

/** Changes whenever `registry update`, or whoever else, puts another file in place of the one in force. */
export async function stampRegistry({ config, registry, stateDir }: Pick<InputChoice, 'config' | 'registry' | 'stateDir'>): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs } = await stat(registry ?? config.registry.file ?? registrySnapshotPath(stateDir));
    return `${dev}:${ino}:${size}:${mtimeMs}`;
  } catch {
    return 'none';
  }
}
