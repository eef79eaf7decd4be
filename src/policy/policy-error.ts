import { PortreeveError, type Problem } from '../model/errors.ts';
import { describeProblems, type SourceTexts } from '../yaml/describe-problems.ts';

/**
 * The error for a policy that cannot be used, or for what else is `faulty`, with its verb. Its code is `policy-unreadable`
 * where nothing worse happened than that files could not be read, else `policy-invalid`.
 */
export function policyError(problems: readonly Problem[], sources: SourceTexts = new Map(), faulty = 'the policy has'): PortreeveError {
  const errors = problems.filter((problem) => problem.level === 'error');
  const code = errors.every((problem) => problem.position.line === null) ? 'policy-unreadable' : 'policy-invalid';
  const count = errors.length === 1 ? 'an error' : `${errors.length} errors`;
  return new PortreeveError(code, `${faulty} ${count}\n${describeProblems(problems, sources)}`, { problems });
}
