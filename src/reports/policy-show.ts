import type { FilePosition } from '../model/errors.ts';
import type { AppliedOverride, ExceptionOverview, PolicyOverview, RuleOverview } from '../model/policy-overview.ts';
import { severityRank } from '../model/severity.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint } from './paint.ts';
import { renderProblem } from './problems.ts';
import type { TextOptions } from './text-options.ts';
import { wrapText } from './wrap.ts';

export function renderPolicyOverviewJson(overview: PolicyOverview): string {
  return `${formatJson(overview, 2)}\n`;
}

/**
 * What is in force, as text: the files, the rules by severity, what was changed or switched off and why, the exceptions, those
 * of one's own first, by the day on which they end. Each piece has its `file:line`, which is never cut or wrapped.
 */
export function renderPolicyOverview(overview: PolicyOverview, options: TextOptions): string[] {
  const inForce = overview.rules.filter(({ enabled }) => enabled).sort((one, other) => severityRank(other.severity) - severityRank(one.severity));
  const changed = overview.rules.flatMap((rule) => (rule.override === null ? [] : [{ rule, override: rule.override }]));
  const off = overview.rules.filter(({ enabled, override }) => !enabled && override === null);
  const shipped = new Set(overview.files.filter(({ origin }) => origin === 'shipped').map(({ file }) => file));
  const rank = ({ position }: ExceptionOverview): number => (shipped.has(position.file) ? 1 : 0);
  const exceptions = [...overview.exceptions].sort((one, other) => rank(one) - rank(other) || compareEnds(one, other));
  return [
    ...section('Files', overview.files.map(({ file, origin, rules, exceptions: count, overrides }) => `  ${cleanText(file, options)} (${origin}): ${[counted(rules, 'rule'), counted(count, 'exception'), counted(overrides, 'override')].join(', ')}`), options),
    ...section(`Rules in force: ${inForce.length}`, ruleLines(inForce, options), options),
    ...section(`Overridden here: ${changed.length}`, changed.flatMap(({ rule, override }) => overrideLines(rule, override, options)), options),
    ...section(`Disabled where they stand: ${off.length}`, off.map(({ id, position }) => `  ${id}  ${place(position, options)}`), options),
    ...section(`Exceptions: ${exceptions.length}`, exceptions.flatMap((exception) => exceptionLines(exception, options)), options),
    ...section('Warnings', overview.warnings.flatMap((warning) => renderProblem(warning, options).trimEnd().split('\n').map((line) => `  ${line}`)), options),
  ].map((line) => `${line}\n`);
}

function compareEnds(one: ExceptionOverview, other: ExceptionOverview): number {
  if (one.daysLeft === null || other.daysLeft === null) return Number(one.daysLeft === null) - Number(other.daysLeft === null);
  return one.daysLeft - other.daysLeft;
}

function section(title: string, lines: readonly string[], options: TextOptions): string[] {
  return lines.length === 0 ? [] : [paint(title, 'bold', options.colour), ...lines, ''];
}

function ruleLines(rules: readonly RuleOverview[], options: TextOptions): string[] {
  const width = Math.max(...rules.map(({ id }) => id.length), 0);
  return rules.map(({ severity, id, position }) => `  ${paint(severity.padEnd(8), severity, options.colour)}  ${id.padEnd(width)}  ${place(position, options)}`);
}

function overrideLines({ id, declared, position }: RuleOverview, override: AppliedOverride, options: TextOptions): string[] {
  const changes = [
    ...(override.enabled === null || override.enabled === declared.enabled ? [] : [override.enabled ? 'switched on' : 'switched off']),
    ...(override.severity === null || override.severity === declared.severity ? [] : [`${declared.severity} -> ${override.severity}`]),
  ];
  return [
    `  ${id}: ${changes.length === 0 ? 'nothing changed' : changes.join(', ')}  ${place(override.position, options)}`,
    ...wrapText(cleanText(override.reason.replaceAll('\n', ' '), options), options.columns, '    '),
    `    the rule: ${place(position, options)}`,
  ];
}

function exceptionLines({ id, rules, reason, owner, expires, daysLeft, position }: ExceptionOverview, options: TextOptions): string[] {
  const end = expires === null || daysLeft === null ? 'no end' : daysLeft < 0 ? `expired ${expires}, silences nothing` : `until ${expires}, ${counted(daysLeft, 'day')} left`;
  const why = owner === null ? reason : `${reason} (${owner})`;
  return [
    `  ${id}: ${end}  ${place(position, options)}`,
    ...wrapText(`silences ${rules.join(', ')}`, options.columns, '    '),
    ...wrapText(cleanText(why.replaceAll('\n', ' '), options), options.columns, '    '),
  ];
}

function place({ file, line }: FilePosition, options: TextOptions): string {
  return `${cleanText(file, options)}:${line ?? 1}`;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
