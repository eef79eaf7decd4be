import type { LatestAudit } from '../model/daemon.ts';
import { secondLabel, spanLabel } from './moments.ts';
import { cleanText } from '../model/untrusted-text.ts';

/** One line for standard error beside a report that was not made just now. */
export function renderAuditAge({ report, ageMs }: LatestAudit): string {
  return `portreeve: the daemon's audit of ${cleanText(secondLabel(report.startedAt))}, ${spanLabel(ageMs)} old; portreeve audit --now makes a new one\n`;
}
