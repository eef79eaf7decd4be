import { Command, Option } from 'commander';
import type { Baseline } from '../model/baseline.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { checkBaselinePlace, createBaseline, renderBaseline, writeBaseline } from '../pass/baseline-create.ts';
import { readExpiry } from '../pass/baseline-expiry.ts';
import { warnOfCoverage } from './baseline-coverage.ts';
import { openInputs, settleOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

interface CreateOptions extends InputOptions {
  readonly output?: string;
  readonly force?: true;
  readonly expires?: string;
  readonly minSeverity: Severity;
  readonly includeCritical?: true;
  readonly color?: boolean;
}

const HELP = `
Each exception is as narrow as what was seen: executable, port, protocol, scope,
user, unit, container. Its reason is TODO, which "portreeve policy check"
refuses until a person has looked at it. Not proposed, and named in a comment:
listeners whose executable is not known, and, without --include-critical, those
with a critical finding or a deleted executable.

Exit codes:
  0  written, also where nothing had to be proposed
  2  usage, configuration or policy error, or the file is there already
  3  the host could not be scanned`;

/** `portreeve baseline create`. */
export function baselineCreateCommand(): Command {
  return withInputs(new Command('create'))
    .description("proposes exceptions for today's findings, as a policy file to review")
    .option('-o, --output <file>', 'a new file, readable by you alone (default, or -: standard output)')
    .option('--force', 'replace the file where it exists')
    .option('--expires <when>', 'when the exceptions end: 90d, 12w or YYYY-MM-DD (default: never)')
    .addOption(new Option('--min-severity <severity>', 'propose for findings from this severity on').choices(SEVERITIES).default('notice'))
    .option('--include-critical', 'propose for critical findings and deleted executables too')
    .addHelpText('after', HELP)
    .action(async (given: CreateOptions) => {
      const options = await settleOptions(given);
      const { minSeverity, rules, shippedRules } = options;
      const output = options.output === '-' ? undefined : options.output;
      const force = options.force === true;
      const expires = options.expires === undefined ? null : readExpiry(options.expires, new Date());
      const input = await openInputs(options);
      if (output !== undefined) await checkBaselinePlace(output, force, input.policy.files);
      const policy = { paths: rules ?? null, shipped: shippedRules };
      const { baseline, report } = await createBaseline(input, { minSeverity, includeCritical: options.includeCritical === true, expires, policy });
      warnOfCoverage(report.coverage, options);
      if (output === undefined) await writeOutput([renderBaseline(baseline)]);
      else await writeBaseline(output, baseline, force);
      tell(`portreeve: ${sumUp(baseline)}${output === undefined ? '' : `, written to ${output}`}\n`);
    });
}

function sumUp({ exceptions, withheld }: Baseline): string {
  const proposed = `${exceptions.length === 1 ? '1 exception' : `${exceptions.length} exceptions`} proposed`;
  return withheld.length === 0 ? proposed : `${proposed}, ${withheld.length === 1 ? '1 listener' : `${withheld.length} listeners`} left alerting`;
}
