import type { AuditReport } from '../model/audit.ts';
import { SEVERITIES } from '../model/severity.ts';
import type { Severity } from '../model/severity.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { count, showText } from './wording.ts';
import { wrapText } from './wrap.ts';

/** Nouns, which take a plural, and adjectives, which do not. */
const COUNTED: Readonly<Record<Severity, (number: number) => string>> = {
  critical: (number) => `${number} critical`,
  error: (number) => count(number, 'error'),
  warning: (number) => count(number, 'warning'),
  notice: (number) => count(number, 'notice'),
  info: (number) => `${number} info`,
};

/**
 * The audit in one sentence, what it rests on, and how to take it: one line where the width allows, and a second that
 * says whether the absence of findings means anything.
 */
export function renderSummary(report: AuditReport, options: TextOptions): string[] {
  const { summary, registry, coverage } = report;
  const found = [...SEVERITIES].reverse().filter((severity) => summary.bySeverity[severity] > 0);
  const counts = found.map((severity) => COUNTED[severity](summary.bySeverity[severity]));
  if (counts.length === 0) counts.push('no findings');
  if (summary.excepted > 0) counts.push(`${summary.excepted} excepted`);

  const source = registry.source === 'embedded' ? 'embedded snapshot' : showText(registry.source, options);
  const sentence =
    `${count(summary.listeners, 'listener')} on ${showText(report.host.name, options)}: ${counts.join(', ')}. ` +
    `Registry: ${source} of ${showText(registry.updated, options)}. Source: ${coverage.source}.`;
  return [
    ...wrapText(sentence, options.columns),
    ...wrapText(verdict(coverage.complete, found.length > 0), options.columns).map((line) =>
      paint(line, coverage.complete ? null : 'warning', options.colour),
    ),
  ];
}

function verdict(complete: boolean, found: boolean): string {
  if (complete) return found ? '' : 'Nothing to look at.';
  return found ? 'Not complete: there may be more than is shown here.' : 'Not complete: no findings here does not mean that the host is clean.';
}
