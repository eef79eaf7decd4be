import type { Problem } from '../model/errors.ts';
import type { Place } from '../yaml/placed-node.ts';
import type { PolicyProblemCode } from './problem-codes.ts';

/** A problem of a policy file that lies in more than its text. */
export function problemAt(file: string, [line, column]: Place, level: Problem['level'], code: PolicyProblemCode, message: string, hint: string | null): Problem {
  return { position: { file, line, column }, message, hint, level, code };
}
