import { worstFinding, type AuditedListener, type AuditReport } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import { PortreeveError } from '../model/errors.ts';
import type { EventDraft } from '../model/event.ts';
import type { Logger } from '../model/logger.ts';
import { SEVERITIES, type Severity } from '../model/severity.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { createTransport } from './create-transport.ts';
import { hintFor } from './failure-hints.ts';
import { inventEvent } from './invent-event.ts';
import { sendOnce } from './send-once.ts';
import { parseSyslogTarget } from './syslog/parse-target.ts';
import { PATIENCE, type Patience } from './transport.ts';

export interface ReportOutcome {
  readonly target: string;
  /** Messages: one for each listener with a finding that no exception silences, and the summary. */
  readonly messages: number;
  /** `sent`: nothing says whether they arrived. */
  readonly result: 'received' | 'sent';
}

/**
 * Sends an audit by itself, as a daemon would remind of what is open: a `reminder` for each listener with a finding, worst
 * first, and an `agent` event with the summary at the end, which says that the others came whole. `detail.from` is `audit`.
 * @throws PortreeveError `usage` for a target that is none, `sink-failed` where it could not be sent
 */
export async function sendReport(report: AuditReport, target: string, { clock, logger, patience = PATIENCE }: { readonly clock: Clock; readonly logger: Logger; readonly patience?: Patience }): Promise<ReportOutcome> {
  const transport = createTransport(parseSyslogTarget(target), { clock, logger, patience });
  const drafts = [...report.listeners.flatMap(describeListener), summarize(report)];
  const batch = drafts.map((draft) => ({ event: inventEvent(draft, report.host.name, clock), possibleDuplicate: false }));
  const { result, error } = await sendOnce(transport, batch, new AbortController().signal);
  if (result === 'failed') {
    const hint = hintFor(error ?? '');
    throw new PortreeveError('sink-failed', `the audit could not be sent to ${transport.target}: ${error ?? ''}`, hint === null ? {} : { hint });
  }
  return { target: transport.target, messages: batch.length, result };
}

function describeListener(listener: AuditedListener): readonly EventDraft[] {
  const worst = worstFinding(listener);
  if (worst === null) return [];
  const { protocol, address, port, owners } = listener;
  const place = `${protocol} ${address.includes(':') ? `[${address}]` : address}${port === null ? '' : `:${port}`}`;
  const owner = owners[0];
  const who = owner === undefined ? `owner ${listener.ownerKind}` : `${cleanText(owner.exe ?? owner.name)}${owner.unit === null ? '' : `, ${cleanText(owner.unit)}`}`;
  return [{ ...blank(worst.severity, `${worst.title}: ${place} (${who})`), kind: 'reminder', listener, detail: { from: 'audit', rule: worst.rule } }];
}

function summarize({ summary, coverage, registry, durationMs }: AuditReport): EventDraft {
  const { listeners, bySeverity, excepted } = summary;
  const counts = SEVERITIES.toReversed().filter((severity) => bySeverity[severity] > 0).map((severity) => `${bySeverity[severity]} ${severity}`);
  const message = `Audit: ${listeners} listeners, ${counts.length === 0 ? 'no finding' : counts.join(', ')}${coverage.complete ? '' : '; not everything could be seen'}`;
  return {
    ...blank(coverage.complete ? 'info' : 'warning', message),
    kind: 'agent',
    detail: { from: 'audit', listeners, ...bySeverity, excepted, complete: coverage.complete, source: coverage.source, registry: registry.updated, durationMs },
  };
}

function blank(severity: Severity, message: string): Omit<EventDraft, 'kind'> {
  return { audience: 'alert', severity, message, alert: null, listener: null, differences: [], detail: {} };
}
