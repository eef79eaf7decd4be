// `audit --now --syslog` sends through the same transports as the daemon's sinks.
export { sendReport, type ReportOutcome } from '../sinks/send-report.ts';
export { parseSyslogTarget } from '../sinks/syslog/parse-target.ts';
