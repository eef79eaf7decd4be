import { worstFinding, type AuditReport } from '../model/audit.ts';
import { severityRank, type Severity } from '../model/severity.ts';

/**
 * 1 where a finding that no exception silences is at or above `failOn`; otherwise 3 where the audit could have missed a
 * listener or an owner, since it cannot say "clean"; otherwise 0.
 */
export function exitCodeOf(report: Pick<AuditReport, 'listeners' | 'coverage'>, failOn: Severity | 'never'): 0 | 1 | 3 {
  if (failOn !== 'never') {
    const least = severityRank(failOn);
    for (const listener of report.listeners) {
      const worst = worstFinding(listener);
      if (worst !== null && severityRank(worst.severity) >= least) return 1;
    }
  }
  return report.coverage.complete ? 0 : 3;
}
