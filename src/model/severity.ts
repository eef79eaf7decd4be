/** Syslog's names for how much a finding matters, from least to most (RFC 5424, section 6.2.1). */
export const SEVERITIES = ['info', 'notice', 'warning', 'error', 'critical'] as const;

export type Severity = (typeof SEVERITIES)[number];

/** Rank of a severity: 0 for `info` up to 4 for `critical`, so that ranks compare as numbers. */
export function severityRank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
