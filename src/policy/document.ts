import type { Severity } from '../model/severity.ts';
import type { Place } from '../yaml/placed-node.ts';
import type { FieldValue } from './value-kinds.ts';

/**
 * A policy file as checked data: it holds nothing that could still be wrong within the file, keeps the places for what
 * can only be checked across files, and survives JSON, so that shipped packs are read as JSON when the program starts.
 */
export interface PolicyDocument {
  readonly file: string;
  readonly rules: readonly RuleDocument[];
  readonly exceptions: readonly ExceptionDocument[];
  readonly overrides: readonly OverrideDocument[];
}

export interface RuleDocument {
  readonly id: string;
  /** Of the id; so for exceptions. */
  readonly at: Place;
  readonly title: string;
  readonly match: ConditionDocument;
  readonly severity: Severity;
  readonly advice: string | null;
  readonly references: readonly string[];
  readonly attack: readonly string[];
  readonly enabled: boolean;
}

export interface ExceptionDocument {
  readonly id: string;
  readonly at: Place;
  readonly rules: readonly PlacedId[];
  readonly match: ConditionDocument;
  readonly reason: string;
  readonly owner: string | null;
  readonly expires: { readonly date: string; readonly at: Place } | null;
}

/** A change to a rule of any file. At least one of `enabled` and `severity` is not null. */
export interface OverrideDocument {
  readonly rule: PlacedId;
  readonly enabled: boolean | null;
  readonly severity: Severity | null;
  readonly reason: string;
}

export interface PlacedId {
  readonly id: string;
  readonly at: Place;
}

/** A `match`, in the order in which it was written. `not`: none of them. */
export type ConditionDocument =
  | { readonly kind: 'field'; readonly field: string; readonly values: readonly FieldValue[]; readonly at: Place }
  | { readonly kind: 'all' | 'any' | 'not'; readonly conditions: readonly ConditionDocument[]; readonly at: Place };

/** The ids that a file declares and names: what is compared across files. A file with faults elsewhere still has them. */
export interface PolicyIds {
  readonly file: string;
  readonly rules: readonly PlacedId[];
  readonly exceptions: readonly (PlacedId & { readonly rules: readonly PlacedId[] })[];
  readonly overrides: readonly { readonly rule: PlacedId }[];
}
