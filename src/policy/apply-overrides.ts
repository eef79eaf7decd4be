import type { Severity } from '../model/severity.ts';
import type { OverrideDocument, PolicyDocument, RuleDocument } from './document.ts';

/** A rule as the files together have it. */
export interface OverriddenRule {
  readonly file: string;
  readonly rule: RuleDocument;
  readonly severity: Severity;
  readonly enabled: boolean;
  readonly override: (OverrideDocument & { readonly file: string }) | null;
}

/** Every rule of the documents in their order, with what an override makes of it. Their ids have been checked. */
export function applyOverrides(documents: readonly PolicyDocument[]): readonly OverriddenRule[] {
  const overrides = new Map(documents.flatMap(({ file, overrides: listed }) => listed.map((override) => [override.rule.id, { ...override, file }] as const)));
  return documents.flatMap(({ file, rules }) =>
    rules.map((rule) => {
      const override = overrides.get(rule.id) ?? null;
      return { file, rule, severity: override?.severity ?? rule.severity, enabled: override?.enabled ?? rule.enabled, override };
    }),
  );
}
