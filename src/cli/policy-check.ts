import { Command, Option } from 'commander';
import { checkPolicy } from '../pass/policy-check.ts';
import { CHECK_FORMATS, renderPolicyCheck, type CheckFormat } from '../pass/policy-reports.ts';
import { textOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface PolicyCheckOptions {
  readonly format: CheckFormat;
  readonly strict?: true;
  readonly shippedRules: boolean;
  readonly color?: boolean;
}

const HELP = `
A PATH is a policy file or a folder of them. The rules of the shipped packs are known; the packs themselves are checked
where no PATH is given and there is no default folder.

Exit codes:
  0  no errors (with --strict: no warnings either)
  2  errors, or usage`;

/** `portreeve policy check`. `finish` takes the exit code as soon as it is known. */
export function policyCheckCommand(finish: (exitCode: number) => void): Command {
  return new Command('check')
    .description('everything that is wrong or doubtful in policy files')
    .argument('[paths...]', 'policy files or folders (default: /etc/portreeve/rules.d)')
    .addOption(new Option('--format <format>', 'form of the output').choices(CHECK_FORMATS).default('text'))
    .option('--strict', 'warnings fail the check too')
    .option('--no-shipped-rules', 'the files stand alone: rules of the shipped packs are not known')
    .option('--no-color', 'no colours (NO_COLOR does the same)')
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], { format, strict, shippedRules, color }: PolicyCheckOptions) => {
      const check = await checkPolicy({ paths: paths.length === 0 ? null : paths, shipped: shippedRules, now: () => new Date() });
      const failing = check.problems.filter(({ level }) => level === 'error' || (strict === true && level === 'warning'));
      finish(failing.length > 0 ? 2 : 0);
      await writeOutput(renderPolicyCheck(check, format, textOptions('stdout', color === undefined ? {} : { color })));
    });
}
