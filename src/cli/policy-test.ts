import { Command, Option } from 'commander';
import { renderRuleTests, renderRuleTestsJson, testPolicy } from '../pass/policy-test.ts';
import { textOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface PolicyTestOptions {
  readonly coverage?: true;
  readonly format: 'text' | 'json';
  readonly shippedRules: boolean;
  readonly color?: boolean;
}

const HELP = `
A PATH is a policy file (its tests are NAME.test.yaml beside it), a folder of them, or a file of tests. The tests of the
shipped packs run against the packs as shipped, the others against everything that is in force.

Exit codes:
  0  every case came out as it says
  1  a case failed, or with --coverage a rule lacks a case
  2  usage, or a file that cannot be read or is not valid`;

/** `portreeve policy test`. `finish` takes the exit code as soon as it is known. */
export function policyTestCommand(finish: (exitCode: number) => void): Command {
  return new Command('test')
    .description('runs the rule tests of the shipped packs, and those beside your own rules')
    .argument('[paths...]', 'policies and tests to add to the shipped packs (default: /etc/portreeve/rules.d)')
    .option('--coverage', 'list the rules without a case that must match and one that must not')
    .addOption(new Option('--format <format>', 'form of the output').choices(['text', 'json']).default('text'))
    .option('--no-shipped-rules', 'leave the shipped packs and their tests out')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], { coverage, format, shippedRules, color }: PolicyTestOptions) => {
      const report = await testPolicy({
        paths: paths.length === 0 ? null : paths,
        shipped: shippedRules,
        coverage: coverage === true,
        now: () => new Date(),
      });
      finish(report.failed.length > 0 || (report.untested ?? []).length > 0 ? 1 : 0);
      const layout = textOptions('stdout', color === undefined ? {} : { color });
      await writeOutput([format === 'json' ? renderRuleTestsJson(report) : `${renderRuleTests(report, layout).join('\n')}\n`]);
    });
}
