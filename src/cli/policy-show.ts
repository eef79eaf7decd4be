import { Command, Option } from 'commander';
import { renderPolicyOverview, renderPolicyOverviewJson } from '../pass/policy-reports.ts';
import { showPolicy } from '../pass/policy-show.ts';
import { textOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface PolicyShowOptions {
  readonly rules?: readonly string[];
  readonly shippedRules: boolean;
  readonly format: 'text' | 'json';
  readonly color?: boolean;
}

/** `portreeve policy show`. */
export function policyShowCommand(): Command {
  return new Command('show')
    .description('what is in force, and where each piece comes from')
    .option('--rules <paths...>', 'policy files or folders to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--no-shipped-rules', 'leave the shipped packs out')
    .addOption(new Option('--format <format>', 'form of the output').choices(['text', 'json']).default('text'))
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .action(async ({ rules, shippedRules, format, color }: PolicyShowOptions) => {
      const overview = await showPolicy({ paths: rules ?? null, shipped: shippedRules, now: () => new Date() });
      const layout = textOptions('stdout', color === undefined ? {} : { color });
      await writeOutput(format === 'json' ? [renderPolicyOverviewJson(overview)] : renderPolicyOverview(overview, layout));
    });
}
