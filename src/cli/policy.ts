import { Command } from 'commander';
import { policyTestCommand } from './policy-test.ts';

/** `portreeve policy ...`. `finish` takes the exit code as soon as it is known. */
export function policyCommand(finish: (exitCode: number) => void): Command {
  const policy = new Command('policy').description('the rules and exceptions');
  policy.addCommand(policyTestCommand(finish));
  return policy;
}
