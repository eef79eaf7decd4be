import { Command, Option } from 'commander';
import { audit } from '../pass/audit.ts';
import { compareAudits, comparisonExitCode, readSavedAudit, renderComparison, renderComparisonJson } from '../pass/baseline-diff.ts';
import { warnOfCoverage } from './baseline-coverage.ts';
import { openInputs, settleOptions, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';

interface DiffOptions extends InputOptions {
  readonly format: 'table' | 'json';
  readonly color?: boolean;
}

const HELP = `
SAVED is what "portreeve audit --now --format json" printed; without NOW, this
host is scanned. A listener is the same while its namespace, protocol, address,
port, executable and unit are: a restart changes nothing.

Exit codes:
  0  nothing new
  1  a listener appeared, changed its owner, or has a finding that it had not;
     UDP sockets on ephemeral ports, which clients open and close all the time,
     count only with a finding of notice or above
  2  usage, configuration or policy error, or a file that is no saved audit
  3  the host could not be scanned, or nothing new was seen by a scan that did
     not see everything`;

/** `portreeve baseline diff SAVED [NOW]`. `finish` takes the exit code as soon as it is known. */
export function baselineDiffCommand(finish: (exitCode: number) => void): Command {
  return withInputs(new Command('diff'))
    .description('what appeared, vanished or changed since a saved audit')
    .argument('<saved>', 'the earlier audit, saved as JSON')
    .argument('[now]', 'a later one (default: scan this host now)')
    .addOption(new Option('--format <format>', 'form of the output').choices(['table', 'json']).default('table'))
    .addHelpText('after', HELP)
    .action(async (saved: string, now: string | undefined, given: DiffOptions) => {
      const options = await settleOptions(given);
      const before = await readSavedAudit(saved);
      const after = now === undefined ? await scan(options) : await readSavedAudit(now);
      const comparison = compareAudits(before, after);
      finish(comparisonExitCode(comparison));
      const text = options.format === 'json' ? renderComparisonJson(comparison) : `${renderComparison(comparison, textOptions('stdout', options)).join('\n')}\n`;
      await writeOutput([text]);
    });
}

async function scan(options: DiffOptions): ReturnType<typeof audit> {
  const report = await audit(await openInputs(options));
  warnOfCoverage(report.coverage, options);
  return report;
}
