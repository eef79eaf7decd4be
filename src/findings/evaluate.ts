import type { Finding, RegisteredListener } from '../model/audit.ts';
import type { Policy, Rule } from '../model/policy.ts';
import { severityRank } from '../model/severity.ts';

/**
 * What a policy has to say about a listener: each rule that is true of at least one owner, the worst first, then in the
 * policy's order. A rule that is merely unknown raises nothing. A finding that an exception silences stays, marked.
 */
export function evaluateListener(listener: RegisteredListener, policy: Policy): readonly Finding[] {
  return policy
    .rulesFor(listener)
    .filter((rule) => rule.match.matchesAny(listener) === 'true')
    .map((rule) => describeFinding(rule, listener, policy))
    .sort((left, right) => severityRank(right.severity) - severityRank(left.severity));
}

function describeFinding(rule: Rule, listener: RegisteredListener, policy: Policy): Finding {
  const exception = policy.exceptionsFor(rule.id).find(({ match }) => match.matchesAll(listener) === 'true');
  const { id, severity, title, advice, references, attack } = rule;
  const excepted = exception === undefined ? null : { id: exception.id, reason: exception.reason, expires: exception.expires };
  return { rule: id, severity, title, advice, references, attack, excepted };
}
