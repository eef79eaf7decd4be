import { SYSLOG_FACILITIES } from '../../model/config.ts';
import type { Severity } from '../../model/severity.ts';

/** RFC 5424, section 6.2.1, table 2. */
export const SYSLOG_SEVERITIES: Readonly<Record<Severity, number>> = { critical: 2, error: 3, warning: 4, notice: 5, info: 6 };

const FACILITIES: ReadonlyMap<string, number> = new Map(Object.entries(SYSLOG_FACILITIES));

/** PRI of a message (RFC 5424, section 6.2.1). */
export function priorityOf(facility: string, severity: Severity): number {
  return (FACILITIES.get(facility) ?? SYSLOG_FACILITIES.daemon) * 8 + SYSLOG_SEVERITIES[severity];
}
