import { Option, type Command } from 'commander';
import { checkPolicy } from '../pass/policy-check.ts';
import { CHECK_FORMATS, renderPolicyCheck, type CheckFormat } from '../pass/policy-reports.ts';
import { chooseStateDir } from '../pass/state-dir.ts';
import { stateDirOption, textOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { policyReader, settlePolicy, type PolicyOptions } from './policy-options.ts';

interface PolicyCheckOptions extends PolicyOptions {
  readonly format: CheckFormat;
  readonly strict?: true;
  readonly stateDir?: string;
}

const HELP = `
A PATH is a policy file or a folder of them. The rules of the shipped packs are
known; the packs themselves are checked where no PATH is given and there is no
default folder. Which exceptions went unused is known where the state of a
daemon on this host can be read.

Exit codes:
  0  no errors (with --strict: no warnings either)
  2  errors, or usage`;

/** `portreeve policy check`. `finish` takes the exit code as soon as it is known. */
export function policyCheckCommand(finish: (exitCode: number) => void): Command {
  return policyReader('check')
    .description('everything that is wrong or doubtful in policy files')
    .argument('[paths...]', 'policy files or folders (default: policy.rules of the configuration, else /etc/portreeve/rules.d)')
    .addOption(new Option('--format <format>', 'form of the output').choices(CHECK_FORMATS).default('text'))
    .option('--strict', 'warnings fail the check too')
    .addOption(stateDirOption())
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], options: PolicyCheckOptions) => {
      const { format, strict } = options;
      const { choice, config } = await settlePolicy(paths, options);
      const stateDir = chooseStateDir(options.stateDir ?? config.state.dir);
      const check = await checkPolicy({ ...choice, stateDir, registry: config.registry.file, unusedAfter: config.policy.unusedAfter });
      const failing = check.problems.filter(({ level }) => level === 'error' || (strict === true && level === 'warning'));
      finish(failing.length > 0 ? 2 : 0);
      await writeOutput(renderPolicyCheck(check, format, textOptions('stdout', options)));
    });
}
