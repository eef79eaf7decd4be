import { Command, Option } from 'commander';
import { SYSTEM_CLOCK } from '../model/clock.ts';
import { PortreeveError } from '../model/errors.ts';
import { hearSignals } from '../model/hear-signals.ts';
import type { LogFields } from '../model/logger.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import type { AuditReport } from '../model/audit.ts';
import { audit } from '../pass/audit.ts';
import { renderAudit, renderProblem, REPORT_FORMATS, type ReportFormat } from '../pass/reports.ts';
import { exitCodeOf } from './exit-code.ts';
import { EXIT_CODES, chooseSocket, openInputs, settleOptions, socketOption, textOptions, withInputs, type InputOptions } from './options.ts';
import { writeOutput } from './output.ts';
import { tell } from './tell.ts';

interface AuditOptions extends InputOptions {
  readonly now?: true;
  readonly socket?: string;
  readonly format?: ReportFormat;
  readonly failOn: Severity | 'never';
  readonly verbose?: true;
  readonly syslog?: string | true;
  readonly color?: boolean;
}

/** `portreeve audit`. `finish` takes the exit code as soon as it is known. */
export function auditCommand(finish: (exitCode: number) => void): Command {
  return withInputs(new Command('audit'))
    .description('every listener, worst first')
    .option('--now', "scan this host now (without it: the running daemon's latest audit)")
    .addOption(socketOption().conflicts('now'))
    .addOption(new Option('--format <format>', 'form of the output (default: table)').choices(REPORT_FORMATS))
    .addOption(new Option('--fail-on <severity>', 'exit with 1 from this severity on').choices([...SEVERITIES, 'never']).default('warning'))
    .option('--verbose', 'each rule and exception as it was tried on each listener, with the first field that failed (not as csv)')
    .option('--syslog [target]', 'with --now: send it to syslog as well: local (/dev/log), udp://HOST, tcp://HOST:PORT, tls://HOST?ca=FILE (default: local)')
    .addHelpText('after', EXIT_CODES)
    .action(async (options: AuditOptions) => {
      if (options.verbose === true && options.format === 'csv') {
        throw new PortreeveError('usage', 'csv has no place for what --verbose tells', { hint: 'use --format json, ndjson or table' });
      }
      const syslog = options.syslog === true ? 'local' : options.syslog;
      // What is wrong with the target comes to light before the scan, not after it.
      if (syslog !== undefined) (await import('../pass/send-report.ts')).parseSyslogTarget(syslog);
      const report = options.now === true ? await auditNow(await settleOptions(options)) : await showLatest(options);
      // Known before the first line is written: a reader who leaves early does not change what was found.
      finish(exitCodeOf(report, options.failOn));
      await hearSignals();
      await writeOutput(renderAudit(report, options.format ?? 'table', textOptions('stdout', options)));
      if (syslog !== undefined) await sendToSyslog(report, syslog);
    });
}

async function auditNow(options: AuditOptions): Promise<AuditReport> {
  const input = await openInputs(options);
  for (const warning of input.policy.warnings) tell(renderProblem(warning, textOptions('stderr', options)));
  return audit(input, { trials: options.verbose === true });
}

/** What the running daemon found last. How it looks at the host, and by which policy, its configuration says. */
async function showLatest(options: AuditOptions): Promise<AuditReport> {
  const named = (['source', 'owners', 'registry', 'rules', 'verbose', 'syslog'] as const).find((name) => options[name] !== undefined);
  if (named !== undefined || !options.shippedRules) {
    throw new PortreeveError('usage', `--${named ?? 'no-shipped-rules'} is for a scan of its own, and without --now the daemon's latest audit is shown`, { hint: 'Add --now.' });
  }
  const [{ askLatestAudit }, { renderAuditAge }] = await Promise.all([import('../pass/latest-audit.ts'), import('../pass/daemon-reports.ts')]);
  const latest = await askLatestAudit(await chooseSocket(options));
  tell(renderAuditAge(latest));
  return latest.report;
}

/** After the report is out: a receiver that is down takes nothing from who reads it here, and fails the run all the same. */
async function sendToSyslog(report: AuditReport, target: string): Promise<void> {
  const { sendReport } = await import('../pass/send-report.ts');
  const log = (message: string, fields: LogFields = {}): void => {
    tell(`portreeve: ${message}${Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`).join('')}\n`);
  };
  const sent = await sendReport(report, target, { clock: SYSTEM_CLOCK, logger: { debug: () => undefined, info: () => undefined, warning: log, error: log } });
  tell(`portreeve: ${sent.messages} messages ${sent.result === 'received' ? 'received by' : 'sent to'} ${sent.target}\n`);
}
