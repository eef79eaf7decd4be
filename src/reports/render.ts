import type { AuditReport } from '../model/audit.ts';
import { renderCsv } from './csv.ts';
import { renderJson } from './json.ts';
import { renderNdjson } from './ndjson.ts';
import { renderTable } from './table.ts';
import type { TextOptions } from './text-options.ts';

/** What `--format` takes. */
export const REPORT_FORMATS = ['table', 'json', 'ndjson', 'csv'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/**
 * An audit as text, in chunks of a line or a listener each, so that a reader who leaves after the first line costs no
 * more than that. Whatever a process called itself, no control character but the line end comes out (and, in a table
 * with colours, the colours).
 */
export function renderAudit(report: AuditReport, format: ReportFormat, options: TextOptions): Iterable<string> {
  switch (format) {
    case 'table':
      return renderTable(report, options);
    case 'json':
      return renderJson(report);
    case 'ndjson':
      return renderNdjson(report);
    case 'csv':
      return renderCsv(report, options);
  }
}
