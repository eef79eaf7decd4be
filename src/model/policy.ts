import type { FilePosition, Problem } from './errors.ts';
import type { RegisteredListener } from './audit.ts';
import type { Severity } from './severity.ts';

/**
 * Three-valued truth: `unknown` where the listener lacks the fact that a condition asks for. An unknown never makes a
 * rule match, and its negation never does either: what could not be seen raises nothing and silences nothing.
 */
export type Truth = 'true' | 'false' | 'unknown';

/** A compiled `match`. */
export interface Matcher {
  /** True where at least one owner fulfils it (a rule: one bad owner is enough). */
  matchesAny(listener: RegisteredListener): Truth;
  /** True only where every owner fulfils it (an exception: one approved owner does not cover for another). */
  matchesAll(listener: RegisteredListener): Truth;
  /** Why `matchesAny` came out as it did. */
  explain(listener: RegisteredListener): MatchExplanation;
}

/** The first condition, as written, that kept a match from being true; both null where it is true. */
export interface MatchExplanation {
  readonly truth: Truth;
  /** Name of a field, `any` or `not`. */
  readonly condition: string | null;
  readonly position: FilePosition | null;
}

export interface Rule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly match: Matcher;
  readonly advice: string | null;
  readonly references: readonly string[];
  readonly attack: readonly string[];
  readonly position: FilePosition;
}

export interface Exception {
  readonly id: string;
  /** Ids of the rules that it silences; no others. */
  readonly rules: readonly string[];
  readonly match: Matcher;
  readonly reason: string;
  readonly owner: string | null;
  /** YYYY-MM-DD: at the end of that day, in the host's time zone, the exception stops. Null: never. */
  readonly expires: string | null;
  readonly position: FilePosition;
}

/** A policy in force: every file read, validated and compiled, without disabled rules and expired exceptions. */
export interface Policy {
  readonly files: readonly string[];
  /** In the order of the files, which is the order in which findings of one severity are told. */
  readonly rules: readonly Rule[];
  /** Of these, in their order, those that the port and protocol of a listener leave in question; no other can be true of it. */
  rulesFor(listener: RegisteredListener): readonly Rule[];
  readonly exceptions: readonly Exception[];
  /** Those that silence the rule of this id, in their order. */
  exceptionsFor(rule: string): readonly Exception[];
  /** Names of all fields that these ask for: a fact that is dear to find out is looked up only where one of them does. */
  readonly fields: ReadonlySet<string>;
  /** What is odd and does not stop the run: expired exceptions, and as notices those that soon will be. */
  readonly warnings: readonly Problem[];
}
