import type { FilePosition } from './errors.ts';
import type { RuleDecision } from './explanation.ts';

/**
 * What a rule test expects of a rule: `found` (a finding that stands), `excepted` (one that an exception of the same
 * policy silences), `match` (either, where the test does not care which), or `none`.
 */
export const RULE_EXPECTATIONS = ['match', 'found', 'excepted', 'none'] as const;
export type RuleExpectation = (typeof RULE_EXPECTATIONS)[number];

/** What a rule made of the listener of a test. */
export type RuleOutcome = Exclude<RuleExpectation, 'match'>;

/** Where a case and the policy do not agree. */
export interface RuleDifference {
  readonly rule: string;
  readonly expected: RuleExpectation;
  readonly found: RuleOutcome | 'unknown-rule';
  /** Of the expectation. */
  readonly position: FilePosition;
}

export interface FailedRuleTest {
  readonly name: string;
  readonly position: FilePosition;
  /** `decision`: how the policy came to what it found. For a rule that is not in force null, and `meant` one that may be. */
  readonly differences: readonly (RuleDifference & { readonly decision: RuleDecision | null; readonly meant: string | null })[];
}

/** A rule without a case that it must match (`match`), or without one that it must not (`none`). */
export interface UntestedRule {
  readonly rule: string;
  readonly position: FilePosition;
  readonly lacks: readonly ('match' | 'none')[];
}

/** `portreeve/policy-test/v1`. Keys are only ever added. */
export interface RuleTestReport {
  readonly schema: 'portreeve/policy-test/v1';
  /** Files of rule tests, in the order in which they were run. */
  readonly files: readonly string[];
  readonly cases: number;
  readonly rules: number;
  readonly failed: readonly FailedRuleTest[];
  /** Null unless coverage was asked for. */
  readonly untested: readonly UntestedRule[] | null;
}
