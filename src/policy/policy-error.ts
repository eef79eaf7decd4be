import type { PortreeveError, Problem } from '../model/errors.ts';
import { faultyFiles, type SourceTexts } from '../yaml/describe-problems.ts';

/** The error for a policy that cannot be used, or for what else is faulty, named with its verb. */
export function policyError(problems: readonly Problem[], sources: SourceTexts = new Map(), subject = 'the policy has'): PortreeveError {
  return faultyFiles(subject, problems, sources, { invalid: 'policy-invalid', unreadable: 'policy-unreadable' });
}
