import type { RegisteredListener } from '../model/audit.ts';
import type { ExceptionDecision, ListenerDecisions } from '../model/explanation.ts';
import type { Policy } from '../model/policy.ts';

/**
 * How a policy came to its findings about a listener: every rule as it was tried, and for those that match, the
 * exceptions that name it up to the first that silences it. Agrees with `evaluateListener`, which decides.
 */
export function explainDecisions(listener: RegisteredListener, policy: Policy): ListenerDecisions {
  const rules = policy.rules.map(({ id, severity, match }) => {
    const verdict = match.explain(listener);
    return { rule: id, severity, ...verdict, exceptions: verdict.truth === 'true' ? explainExceptions(id, listener, policy) : [] };
  });
  return { listener: listener.id, rules };
}

function explainExceptions(rule: string, listener: RegisteredListener, policy: Policy): readonly ExceptionDecision[] {
  const decisions: ExceptionDecision[] = [];
  for (const { id, rules, match } of policy.exceptions) {
    if (!rules.includes(rule)) continue;
    const truth = match.matchesAll(listener);
    // Where one owner fulfils all of it and another does not, no single condition is to blame.
    decisions.push({ exception: id, ...match.explain(listener), truth });
    if (truth === 'true') break;
  }
  return decisions;
}
