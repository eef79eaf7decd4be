import type { Problem } from '../model/errors.ts';
import { applyOverrides, type OverriddenRule } from './apply-overrides.ts';
import { matchKey } from './compare-matches.ts';
import { describeState } from './compile-policy.ts';
import type { ConditionDocument, ExceptionDocument, PolicyDocument } from './document.ts';
import { findContradiction } from './find-contradiction.ts';
import { lintException, type UnusedLimit } from './lint-exceptions.ts';
import { lintOverlaps } from './lint-overlaps.ts';
import { problemAt } from './problem-at.ts';

export interface LintOptions {
  /** YYYY-MM-DD in the host's time zone. */
  readonly today: string;
  /** Documents in force beside these: their rules are known and compared with, and not reported on. */
  readonly beside: readonly PolicyDocument[];
  /** Null where nobody has kept count: then no exception is called unused. */
  readonly unused: UnusedLimit | null;
  /** Fields whose facts this host does not give, and why. */
  readonly unknownHere: ReadonlyMap<string, string>;
}

/** What is allowed and still a mistake, going by experience. Each document is sound by itself. */
export function lintPolicy(documents: readonly PolicyDocument[], { today, beside, unused, unknownHere }: LintOptions): readonly Problem[] {
  const all = [...beside, ...documents];
  const files = new Set(documents.map(({ file }) => file));
  const overridden = applyOverrides(all);
  const rules = new Map(overridden.map((rule) => [rule.rule.id, rule]));
  const exceptions = all.flatMap(({ file, exceptions: listed }) => listed.map((exception) => ({ file, exception })));
  const hasExpired = ({ expires }: ExceptionDocument): boolean => expires !== null && expires.date < today;
  return [
    ...overridden.filter(({ file }) => files.has(file)).flatMap(({ rule, file }) => lintMatch(rule.match, `the rule "${rule.id}"`, file)),
    ...overridden.filter(({ file, enabled }) => files.has(file) && enabled).flatMap(({ rule, file }) => lintUnknown(rule.match, `the rule "${rule.id}"`, file, unknownHere)),
    ...lintSameMatches(overridden, files),
    ...overridden.flatMap(lintOverride).filter(({ position }) => files.has(position.file)),
    ...exceptions
      .filter(({ file }) => files.has(file))
      .flatMap(({ exception, file }) => [
        ...describeState(exception, file, today),
        ...lintMatch(exception.match, `the exception "${exception.id}"`, file),
        ...lintUnknown(exception.match, `the exception "${exception.id}"`, file, unknownHere),
        ...lintException(exception, file, rules, hasExpired(exception) ? null : unused),
      ]),
    ...lintOverlaps(exceptions.filter(({ exception }) => !hasExpired(exception)), files),
  ];
}

function lintMatch(match: ConditionDocument, what: string, file: string): readonly Problem[] {
  const contradiction = findContradiction(match);
  return contradiction === null ? [] : [problemAt(file, contradiction.at, 'warning', 'never-matches', `${what} can never match: ${contradiction.why}`, null)];
}

/** A rule is worth having on another host, so this is no more than a notice. */
function lintUnknown(match: ConditionDocument, what: string, file: string, unknownHere: ReadonlyMap<string, string>): readonly Problem[] {
  return [...unknownHere].flatMap(([field, why]) => {
    const asked = findField(match, field);
    return asked === null ? [] : [problemAt(file, asked.at, 'notice', 'unknown-here', `${what} asks for ${field}, which is unknown on this host: ${why}`, 'Unknown is not true: it matches nothing, and silences nothing.')];
  });
}

function findField(match: ConditionDocument, field: string): ConditionDocument | null {
  if (match.kind === 'field') return match.field === field ? match : null;
  for (const condition of match.conditions) {
    const found = findField(condition, field);
    if (found !== null) return found;
  }
  return null;
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
