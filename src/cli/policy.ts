import { Command } from 'commander';
import { policyCheckCommand } from './policy-check.ts';
import { policySchemaCommand } from './policy-schema.ts';
import { policyShowCommand } from './policy-show.ts';
import { policyTestCommand } from './policy-test.ts';

/** `portreeve policy ...`. `finish` takes the exit code as soon as it is known. */
export function policyCommand(finish: (exitCode: number) => void): Command {
  const policy = new Command('policy').description('the rules and exceptions');
  for (const command of [policyCheckCommand(finish), policyShowCommand(), policySchemaCommand(), policyTestCommand(finish)]) policy.addCommand(command);
  return policy;
}
