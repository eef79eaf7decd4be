import type { Problem } from '../model/errors.ts';
import { applyOverrides, type OverriddenRule } from './apply-overrides.ts';
import { matchKey } from './compare-matches.ts';
import { describeState } from './compile-policy.ts';
import type { ConditionDocument, ExceptionDocument, PolicyDocument } from './document.ts';
import { findContradiction } from './find-contradiction.ts';
import { lintException, type UnusedLimit } from './lint-exceptions.ts';
import { createFactsLint, type KnownFacts } from './lint-facts.ts';
import { lintOverlaps } from './lint-overlaps.ts';
import { problemAt } from './problem-at.ts';

export interface LintOptions {
  /** YYYY-MM-DD in the host's time zone. */
  readonly today: string;
  /** Documents in force beside these: their rules are known and compared with, and not reported on. */
  readonly beside: readonly PolicyDocument[];
  /** Null where nobody has kept count: then no exception is called unused. */
  readonly unused: UnusedLimit | null;
  readonly facts: KnownFacts;
}

/** What is allowed and still a mistake, going by experience. Each document is sound by itself. */
export function lintPolicy(documents: readonly PolicyDocument[], { today, beside, unused, facts }: LintOptions): readonly Problem[] {
  const all = [...beside, ...documents];
  const files = new Set(documents.map(({ file }) => file));
  const overridden = applyOverrides(all);
  const rules = new Map(overridden.map((rule) => [rule.rule.id, rule]));
  const exceptions = all.flatMap(({ file, exceptions: listed }) => listed.map((exception) => ({ file, exception })));
  const lintMatchFacts = createFactsLint(facts);
  const hasExpired = ({ expires }: ExceptionDocument): boolean => expires !== null && expires.date < today;
  return [
    ...overridden.filter(({ file }) => files.has(file)).flatMap(({ rule, file }) => lintMatch(rule.match, `the rule "${rule.id}"`, file)),
    ...overridden.filter(({ file, enabled }) => files.has(file) && enabled).flatMap(({ rule, file }) => lintMatchFacts(rule.match, `the rule "${rule.id}"`, file)),
    ...lintSameMatches(overridden, files),
    ...overridden.flatMap(lintOverride).filter(({ position }) => files.has(position.file)),
    ...exceptions
      .filter(({ file }) => files.has(file))
      .flatMap(({ exception, file }) => [
        ...describeState(exception, file, today),
        ...lintMatch(exception.match, `the exception "${exception.id}"`, file),
        ...lintMatchFacts(exception.match, `the exception "${exception.id}"`, file),
        ...lintException(exception, file, rules, hasExpired(exception) ? null : unused),
      ]),
    ...lintOverlaps(exceptions.filter(({ exception }) => !hasExpired(exception)), files),
  ];
}

function lintMatch(match: ConditionDocument, what: string, file: string): readonly Problem[] {
  const contradiction = findContradiction(match);
  return contradiction === null ? [] : [problemAt(file, contradiction.at, 'warning', 'never-matches', `${what} can never match: ${contradiction.why}`, null)];
}

function lintSameMatches(rules: readonly OverriddenRule[], files: ReadonlySet<string>): readonly Problem[] {
  const first = new Map<string, OverriddenRule>();
  return rules
    .filter(({ enabled }) => enabled)
    .flatMap((one) => {
      const key = matchKey(one.rule.match);
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, one);
      // Two of one id are an error already.
      if (earlier === undefined || earlier.rule.id === one.rule.id || !files.has(one.file)) return [];
      const { rule, file } = earlier;
      return [problemAt(one.file, one.rule.at, 'warning', 'same-match', `the rule "${one.rule.id}" has the match of "${rule.id}" (${file}:${rule.at.join(':')}): each listener gets both findings`, 'Keep one. For another severity, override the first.')];
    });
}

function lintOverride({ rule, override }: OverriddenRule): readonly Problem[] {
  if (override === null || (override.enabled ?? rule.enabled) !== rule.enabled || (override.severity ?? rule.severity) !== rule.severity) return [];
  const state = rule.enabled ? rule.severity : 'disabled';
  return [problemAt(override.file, override.rule.at, 'warning', 'override-without-effect', `the override of "${rule.id}" changes nothing: the rule is ${state} already`, 'Remove it.')];
}
