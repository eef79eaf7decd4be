import { Command } from 'commander';
import type { Config } from '../model/config.ts';
import { configOption, readConfig, type ConfigOptions } from './options.ts';

export interface PolicyOptions extends ConfigOptions {
  readonly shippedRules: boolean;
  readonly color?: boolean;
}

export interface SettledPolicy {
  /** Files and folders of the user; null for the default folder. */
  readonly paths: readonly string[] | null;
  readonly shipped: boolean;
  readonly now: () => Date;
}

/** A command of `portreeve policy` that reads one. */
export function policyReader(name: string): Command {
  return new Command(name)
    .addOption(configOption())
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .option('--no-color', 'no colours (NO_COLOR does the same)');
}

/** Which policy is meant: what the command line names, then what the configuration says. */
export async function settlePolicy(named: readonly string[] | undefined, options: PolicyOptions): Promise<{ readonly choice: SettledPolicy; readonly config: Config }> {
  const config = await readConfig(options);
  const paths = named === undefined || named.length === 0 ? config.policy.rules : named;
  return { choice: { paths, shipped: options.shippedRules && config.policy.shipped, now: () => new Date() }, config };
}
