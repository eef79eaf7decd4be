import { Option, type Command } from 'commander';
import { renderPolicyOverview, renderPolicyOverviewJson } from '../pass/policy-reports.ts';
import { showPolicy } from '../pass/policy-show.ts';
import { textOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { policyReader, settlePolicy, type PolicyOptions } from './policy-options.ts';

interface PolicyShowOptions extends PolicyOptions {
  readonly rules?: readonly string[];
  readonly format: 'text' | 'json';
}

/** `portreeve policy show`. */
export function policyShowCommand(): Command {
  return policyReader('show')
    .description('what is in force, and where each piece comes from')
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: policy.rules of the configuration, else /etc/portreeve/rules.d)')
    .addOption(new Option('--format <format>', 'form of the output').choices(['text', 'json']).default('text'))
    .action(async (options: PolicyShowOptions) => {
      const overview = await showPolicy((await settlePolicy(options.rules, options)).choice);
      await writeOutput(options.format === 'json' ? [renderPolicyOverviewJson(overview)] : renderPolicyOverview(overview, textOptions('stdout', options)));
    });
}
