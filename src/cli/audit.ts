import { Command, Option } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { hearSignals } from '../model/hear-signals.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { audit } from '../pass/audit.ts';
import { renderAudit, renderProblem, REPORT_FORMATS, type ReportFormat } from '../pass/reports.ts';
import { exitCodeOf } from './exit-code.ts';
import { EXIT_CODES, openInputs, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

interface AuditOptions extends InputOptions {
  readonly now?: true;
  readonly format?: ReportFormat;
  readonly failOn: Severity | 'never';
  readonly verbose?: true;
  readonly color?: boolean;
}

/** `portreeve audit`. `finish` takes the exit code as soon as it is known. */
export function auditCommand(finish: (exitCode: number) => void): Command {
  return withInputs(new Command('audit'))
    .description('every listener, worst first')
    .option('--now', 'scan this host now')
    .addOption(new Option('--format <format>', 'form of the output (default: table)').choices(REPORT_FORMATS))
    .addOption(new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices([...SEVERITIES, 'never']).default('warning'))
    .option('--verbose', 'each rule and exception as it was tried on each listener, with the first field that failed (not as csv)')
    .addHelpText('after', EXIT_CODES)
    .action(async (options: AuditOptions) => {
      if (options.now !== true) {
        throw new PortreeveError('source-failed', 'no daemon runs here whose latest audit could be shown', { hint: 'portreeve audit --now scans this host once' });
      }
      if (options.verbose === true && options.format === 'csv') {
        throw new PortreeveError('usage', 'csv has no place for what --verbose tells', { hint: 'use --format json, ndjson or table' });
      }
      const input = await openInputs(options);
      for (const warning of input.policy.warnings) tell(renderProblem(warning, textOptions(process.stderr, options)));
      const report = await audit(input, { trials: options.verbose === true });
      // Known before the first line is written: a reader who leaves early does not change what was found.
      finish(exitCodeOf(report, options.failOn));
      await hearSignals();
      await writeOutput(renderAudit(report, options.format ?? 'table', textOptions(process.stdout, options)));
    });
}
