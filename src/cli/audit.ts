import { Command, Option } from 'commander';
import { PortreeveError } from '../model/errors.ts';
import { hearSignals } from '../model/hear-signals.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import type { AuditReport } from '../model/audit.ts';
import { audit } from '../pass/audit.ts';
import { renderAudit, renderProblem, REPORT_FORMATS, type ReportFormat } from '../pass/reports.ts';
import { exitCodeOf } from './exit-code.ts';
import { EXIT_CODES, openInputs, readConfig, settleOptions, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

interface AuditOptions extends InputOptions {
  readonly now?: true;
  readonly socket?: string;
  readonly format?: ReportFormat;
  readonly failOn: Severity | 'never';
  readonly verbose?: true;
  readonly color?: boolean;
}

/** `portreeve audit`. `finish` takes the exit code as soon as it is known. */
export function auditCommand(finish: (exitCode: number) => void): Command {
  return withInputs(new Command('audit'))
    .description('every listener, worst first')
    .option('--now', "scan this host now (without it: the running daemon's latest audit)")
    .addOption(new Option('--socket <path>', "the daemon's control socket (default: control.socket)").conflicts('now'))
    .addOption(new Option('--format <format>', 'form of the output (default: table)').choices(REPORT_FORMATS))
    .addOption(new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices([...SEVERITIES, 'never']).default('warning'))
    .option('--verbose', 'each rule and exception as it was tried on each listener, with the first field that failed (not as csv)')
    .addHelpText('after', EXIT_CODES)
    .action(async (options: AuditOptions) => {
      if (options.verbose === true && options.format === 'csv') {
        throw new PortreeveError('usage', 'csv has no place for what --verbose tells', { hint: 'use --format json, ndjson or table' });
      }
      const report = options.now === true ? await auditNow(await settleOptions(options)) : await showLatest(options);
      // Known before the first line is written: a reader who leaves early does not change what was found.
      finish(exitCodeOf(report, options.failOn));
      await hearSignals();
      await writeOutput(renderAudit(report, options.format ?? 'table', textOptions(process.stdout, options)));
    });
}

async function auditNow(options: AuditOptions): Promise<AuditReport> {
  const input = await openInputs(options);
  for (const warning of input.policy.warnings) tell(renderProblem(warning, textOptions(process.stderr, options)));
  return audit(input, { trials: options.verbose === true });
}

/** What the running daemon found last. How it looks at the host, and by which policy, its configuration says. */
async function showLatest(options: AuditOptions): Promise<AuditReport> {
  const named = (['source', 'registry', 'rules', 'verbose'] as const).find((name) => options[name] !== undefined);
  if (named !== undefined || !options.shippedRules) {
    throw new PortreeveError('usage', `--${named ?? 'no-shipped-rules'} is for a scan of its own, and without --now the daemon's latest audit is shown`, { hint: 'Add --now.' });
  }
  const [{ askLatestAudit }, { renderAuditAge }] = await Promise.all([import('../pass/latest-audit.ts'), import('../pass/daemon-reports.ts')]);
  const { socket } = (await readConfig(options)).control;
  if (options.socket === undefined && socket === null) throw new PortreeveError('daemon-unreachable', 'the daemon has no control socket: control.socket is off', { hint: 'portreeve audit --now scans this host once' });
  const latest = await askLatestAudit(options.socket ?? socket ?? '');
  tell(renderAuditAge(latest));
  return latest.report;
}
