import type { FilePosition, Problem } from '../model/errors.ts';
import type { Exception, Policy, Rule } from '../model/policy.ts';
import type { Place } from '../yaml/placed-node.ts';
import { applyOverrides, type OverriddenRule } from './apply-overrides.ts';
import { checkIds } from './check-ids.ts';
import { compileMatch } from './compile-match.ts';
import { policyError } from './policy-error.ts';
import type { ConditionDocument, ExceptionDocument, PolicyDocument } from './document.ts';
import { describeExpiry, describeMissingReason } from './exception-dates.ts';
import type { Clock } from './fields.ts';
import { indexRules } from './index-rules.ts';

export interface CompileOptions {
  /** YYYY-MM-DD in the host's time zone. A policy in force past midnight is compiled anew: about 1 ms. */
  readonly today: string;
  /** By which the `age` of processes is judged, each time anew. Absent: every age is unknown. */
  readonly now?: Clock;
}

/**
 * Makes the policy in force from checked documents, in their order. Needs no YAML and touches no file.
 * @throws PortreeveError `policy-invalid` where ids clash, or exceptions or overrides name rules that do not exist
 */
export function compilePolicy(documents: readonly PolicyDocument[], { today, now }: CompileOptions): Policy {
  const problems = checkIds(documents);
  if (problems.length > 0) throw policyError(problems);
  const clock = now ?? null;
  const enabled = applyOverrides(documents).filter((rule) => rule.enabled);
  const placed = documents.flatMap(({ file, exceptions }) => exceptions.map((exception) => ({ file, exception })));
  const current = placed.filter(({ exception }) => exception.expires === null || exception.expires.date >= today);
  const rules = enabled.map((rule) => compileRule(rule, clock));
  const exceptions = current.map(({ exception, file }) => compileException(exception, file, clock));
  return {
    files: documents.map((document) => document.file),
    rules,
    rulesFor: indexRules(rules, enabled.map(({ rule }) => rule.match)),
    exceptions,
    exceptionsFor: indexExceptions(exceptions),
    fields: new Set([...enabled.map(({ rule }) => rule.match), ...current.map(({ exception }) => exception.match)].flatMap(fieldsOf)),
    warnings: placed.flatMap(({ exception, file }) => describeState(exception, file, today)),
  };
}

/** What each audit says of an exception: that its time is up or nearly so, that it still lacks its reason. */
export function describeState(exception: ExceptionDocument, file: string, today: string): readonly Problem[] {
  return [describeExpiry(exception, file, today), describeMissingReason(exception, file)].filter((problem) => problem !== null);
}

function fieldsOf(match: ConditionDocument): readonly string[] {
  return match.kind === 'field' ? [match.field] : match.conditions.flatMap(fieldsOf);
}

function compileRule({ rule, file, severity }: OverriddenRule, clock: Clock | null): Rule {
  const { id, at, title, match, advice, references, attack } = rule;
  return { id, title, severity, match: compileMatch(match, file, clock), advice, references, attack, position: placeIn(file, at) };
}

function compileException({ id, at, rules, match, reason, owner, expires }: ExceptionDocument, file: string, clock: Clock | null): Exception {
  return {
    id,
    rules: rules.map((rule) => rule.id),
    match: compileMatch(match, file, clock),
    reason,
    owner,
    expires: expires?.date ?? null,
    position: placeIn(file, at),
  };
}

function indexExceptions(exceptions: readonly Exception[]): (rule: string) => readonly Exception[] {
  const byRule = new Map<string, Exception[]>();
  for (const exception of exceptions) {
    for (const rule of new Set(exception.rules)) {
      const known = byRule.get(rule);
      if (known === undefined) byRule.set(rule, [exception]);
      else known.push(exception);
    }
  }
  return (rule) => byRule.get(rule) ?? [];
}

function placeIn(file: string, [line, column]: Place): FilePosition {
  return { file, line, column };
}
