import type { AuditReport } from '../model/audit.ts';
import { formatJson } from '../model/ascii-json.ts';
import { auditHead, listenerRecord } from './audit-data.ts';

/**
 * JSON lines. The first has `"type":"audit"` and everything the JSON object has but its listeners; its
 * `summary.listeners` says how many lines of `"type":"listener"` follow, so that a stream cut short is noticed. A log
 * pipeline sees lines one by one, so each listener repeats `host.name`, `startedAt` and `coverage.complete`, under the
 * keys of the first line: no key has two types.
 */
export function* renderNdjson(report: AuditReport): Generator<string> {
  yield `${formatJson({ type: 'audit', ...auditHead(report) })}\n`;
  const scan = { host: { name: report.host.name }, startedAt: report.startedAt, coverage: { complete: report.coverage.complete } };
  for (const listener of report.listeners) {
    yield `${formatJson({ type: 'listener', ...scan, ...listenerRecord(listener) })}\n`;
  }
}
