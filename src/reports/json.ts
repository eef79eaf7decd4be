import type { AuditReport } from '../model/audit.ts';
import { formatJson } from '../model/ascii-json.ts';
import { auditHead, listenerRecord } from './audit-data.ts';

/** One object, indented by two, as `JSON.stringify(report, null, 2)` lays it out; a chunk per listener. */
export function* renderJson(report: AuditReport): Generator<string> {
  const whole = formatJson({ ...auditHead(report), listeners: [] }, 2);
  if (report.listeners.length === 0) {
    yield `${whole}\n`;
    return;
  }
  yield whole.slice(0, -']\n}'.length);
  let separator = '\n    ';
  for (const listener of report.listeners) {
    // Line breaks here are the layout's: inside a JSON string they are escaped.
    yield separator + formatJson(listenerRecord(listener), 2).replaceAll('\n', '\n    ');
    separator = ',\n    ';
  }
  yield '\n  ]\n}\n';
}
