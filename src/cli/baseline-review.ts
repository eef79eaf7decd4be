import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { audit } from '../pass/audit.ts';
import { readExpiry } from '../pass/baseline-expiry.ts';
import { APPROVED_FILE, checkApprovalFile, listReviewItems, reviewedPolicy, reviewItems, type ReviewOutcome } from '../pass/baseline-review.ts';
import { localDate } from '../pass/policy.ts';
import { warnOfCoverage } from './baseline-coverage.ts';
import { openInputs, settleOptions, textOptions, withInputs, type InputOptions } from './options.ts';

interface ReviewOptions extends InputOptions {
  readonly output: string;
  readonly expires?: string;
  readonly minSeverity: Severity;
  readonly includeCritical?: true;
  readonly color?: boolean;
}

const INTERRUPTED = 130;

const HELP = `
Each approval is added to the file before the next question: Ctrl-C loses
nothing. What the file silences already is not asked again. Without
--include-critical, critical findings and deleted executables are shown and
cannot be approved.

Exit codes:
  0    every question was answered, or the rest left for another time
  2    usage, configuration or policy error, no terminal, or a file that cannot
       be added to
  3    the host could not be scanned
  130  left with Ctrl-C`;

/** `portreeve baseline review`. `finish` takes the exit code as soon as it is known. */
export function baselineReviewCommand(finish: (exitCode: number) => void): Command {
  return withInputs(new Command('review'))
    .description("goes through today's findings one by one, and adds an exception for each that you approve")
    .addOption(new Option('-o, --output <file>', 'policy file to add to; made where it does not exist').default(APPROVED_FILE))
    .option('--expires <when>', 'what Enter means when asked for the end: 90d, 12w or YYYY-MM-DD (default: never)')
    .addOption(new Option('--min-severity <severity>', 'ask about findings from this severity on').choices(SEVERITIES).default('notice'))
    .option('--include-critical', 'let critical findings and deleted executables be approved too')
    .addHelpText('after', HELP)
    .action(async (given: ReviewOptions) => {
      const options = await settleOptions(given);
      if (!process.stdin.isTTY || !process.stdout.isTTY) {
        throw new PortreeveError('usage', 'baseline review asks questions, and there is no terminal to ask on', { hint: 'portreeve baseline create writes a file to review in an editor' });
      }
      const now = () => new Date();
      const expires = options.expires === undefined ? null : readExpiry(options.expires, now());
      const file = { path: options.output, host: hostname(), today: localDate(now()) };
      await checkApprovalFile(file);
      const policy = reviewedPolicy(options.rules ?? null, options.shippedRules, options.output);
      const input = await openInputs({ ...options, ...(policy.paths === null ? {} : { rules: policy.paths }) });
      const report = await audit(input);
      warnOfCoverage(report.coverage, options);
      const items = await listReviewItems(report, { minSeverity: options.minSeverity, includeCritical: options.includeCritical === true, policy });
      if (items.length === 0) {
        process.stdout.write(`Nothing to review: no finding of ${options.minSeverity} or above stands.\n`);
        return;
      }
      // node:readline is loaded for nothing else: no other command waits for it.
      const { openConversation } = await import('./conversation.ts');
      const conversation = openConversation(process.stdin, process.stdout);
      try {
        const outcome = await reviewItems(items, conversation, { file, expires, now, text: textOptions('stdout', options) });
        if (conversation.interrupted) finish(INTERRUPTED);
        conversation.show(['', sumUp(outcome, options.output)]);
      } finally {
        conversation.close();
      }
    });
}

function sumUp({ approved, kept, left }: ReviewOutcome, file: string): string {
  const written = approved === 0 ? '' : ` in ${file}`;
  return `${approved} approved${written}, ${kept} kept alerting, ${left} left for another time.`;
}
