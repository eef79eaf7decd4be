import { Command } from 'commander';
import { baselineCreateCommand } from './baseline-create.ts';
import { baselineDiffCommand } from './baseline-diff.ts';
import { baselineReviewCommand } from './baseline-review.ts';

/** `portreeve baseline ...`. `finish` takes the exit code as soon as it is known. */
export function baselineCommand(finish: (exitCode: number) => void): Command {
  const baseline = new Command('baseline').description("from today's findings to reviewed exceptions, and what changed since");
  for (const command of [baselineCreateCommand(), baselineDiffCommand(finish), baselineReviewCommand(finish)]) baseline.addCommand(command);
  return baseline;
}
