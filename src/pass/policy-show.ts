import type { PolicyOverview } from '../model/policy-overview.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { describePolicy } from '../policy/describe-policy.ts';
import { isShipped, localDate, readPolicyDocuments, type PolicyChoice } from './policy.ts';

/**
 * What is in force, and where each piece comes from.
 * @throws as `openPolicy`: what an audit would refuse is not in force
 */
export async function showPolicy(choice: PolicyChoice): Promise<PolicyOverview> {
  const { documents, warnings } = await readPolicyDocuments(choice);
  const today = localDate(choice.now());
  compilePolicy(documents, { today });
  return describePolicy(documents, { today, warnings, isShipped });
}
