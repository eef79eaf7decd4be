import { Option, type Command } from 'commander';
import { renderRuleTests, renderRuleTestsJson, testPolicy } from '../pass/policy-test.ts';
import { textOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { policyReader, settlePolicy, type PolicyOptions } from './policy-options.ts';

interface PolicyTestOptions extends PolicyOptions {
  readonly coverage?: true;
  readonly format: 'text' | 'json';
}

const HELP = `
A PATH is a policy file (its tests are NAME.test.yaml beside it), a folder of
them, or a file of tests. The tests of the shipped packs run against the packs
as shipped, the others against everything that is in force.

Exit codes:
  0  every case came out as it says
  1  a case failed, or with --coverage a rule lacks a case
  2  usage, or a file that cannot be read or is not valid`;

/** `portreeve policy test`. `finish` takes the exit code as soon as it is known. */
export function policyTestCommand(finish: (exitCode: number) => void): Command {
  return policyReader('test')
    .description('runs the rule tests of the shipped packs, and those beside your own rules')
    .argument('[paths...]', 'policies and tests to add to the shipped packs (default: policy.rules of the configuration, else /etc/portreeve/rules.d)')
    .option('--coverage', 'list the rules without a case that must match and one that must not')
    .addOption(new Option('--format <format>', 'form of the output').choices(['text', 'json']).default('text'))
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], options: PolicyTestOptions) => {
      const { choice } = await settlePolicy(paths, options);
      const report = await testPolicy({ ...choice, coverage: options.coverage === true });
      finish(report.failed.length > 0 || (report.untested ?? []).length > 0 ? 1 : 0);
      const layout = textOptions('stdout', options);
      await writeOutput([options.format === 'json' ? renderRuleTestsJson(report) : `${renderRuleTests(report, layout).join('\n')}\n`]);
    });
}
