import type { FilePosition, Problem } from '../model/errors.ts';
import type { ExceptionOverview, PolicyOverview, RuleOverview } from '../model/policy-overview.ts';
import type { Place } from '../yaml/placed-node.ts';
import { applyOverrides, type OverriddenRule } from './apply-overrides.ts';
import { describeState } from './compile-policy.ts';
import type { ExceptionDocument, PolicyDocument } from './document.ts';
import { daysLeft } from './exception-dates.ts';

export interface DescribeOptions {
  /** YYYY-MM-DD in the host's time zone. */
  readonly today: string;
  /** Whether a file came with the program. */
  readonly isShipped: (file: string) => boolean;
  /** What was odd about the files when they were read. */
  readonly warnings: readonly Problem[];
}

/** What a policy of these documents is made of, piece by piece. They have been checked, ids included. */
export function describePolicy(documents: readonly PolicyDocument[], { today, isShipped, warnings }: DescribeOptions): PolicyOverview {
  const exceptions = documents.flatMap(({ file, exceptions: listed }) => listed.map((exception) => ({ file, exception })));
  return {
    schema: 'portreeve/policy/v1',
    files: documents.map(({ file, rules, exceptions: listed, overrides }) => ({
      file,
      origin: isShipped(file) ? 'shipped' : 'local',
      rules: rules.length,
      exceptions: listed.length,
      overrides: overrides.length,
    })),
    rules: applyOverrides(documents).map(describeRule),
    exceptions: exceptions.map(({ file, exception }) => describeException(exception, file, today)),
    warnings: [...warnings, ...exceptions.flatMap(({ file, exception }) => describeState(exception, file, today))],
  };
}

function describeRule({ rule, file, severity, enabled, override }: OverriddenRule): RuleOverview {
  return {
    id: rule.id,
    title: rule.title,
    severity,
    enabled,
    position: placeIn(file, rule.at),
    declared: { severity: rule.severity, enabled: rule.enabled },
    override:
      override === null
        ? null
        : { enabled: override.enabled, severity: override.severity, reason: override.reason, position: placeIn(override.file, override.rule.at) },
  };
}

function describeException(exception: ExceptionDocument, file: string, today: string): ExceptionOverview {
  const { id, at, rules, reason, owner, expires } = exception;
  const days = daysLeft(exception, today);
  return {
    id,
    rules: rules.map((rule) => rule.id),
    reason,
    owner,
    expires: expires?.date ?? null,
    daysLeft: days,
    inForce: days === null || days >= 0,
    position: placeIn(file, at),
  };
}

function placeIn(file: string, [line, column]: Place): FilePosition {
  return { file, line, column };
}
