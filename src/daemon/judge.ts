import type { AuditedListener } from '../model/audit.ts';
import type { SourceName } from '../model/coverage.ts';
import type { Listener } from '../model/listener.ts';
import type { Policy } from '../model/policy.ts';
import type { PortRegistry } from '../model/registry.ts';
import { judgeListeners } from '../pass/audit.ts';

export interface Judge {
  /** The listeners with what registry and policy say, in the same order; those that are the very same object as last time keep their verdict. */
  judge(listeners: readonly Listener[], source: SourceName): readonly AuditedListener[];
  /** Another registry or policy; or time has passed that rules may ask about. */
  renew(registry: PortRegistry, policy: Policy): void;
}

export function createJudge(registry: PortRegistry, policy: Policy): Judge {
  let verdicts = new WeakMap<Listener, AuditedListener>();
  return {
    judge(listeners, source) {
      const fresh = listeners.filter((listener) => !verdicts.has(listener));
      judgeListeners({ listeners: fresh, source }, registry, policy, listeners).forEach((verdict, index) => {
        const listener = fresh[index];
        if (listener !== undefined) verdicts.set(listener, verdict);
      });
      return listeners.flatMap((listener) => verdicts.get(listener) ?? []);
    },
    renew(nextRegistry, nextPolicy) {
      registry = nextRegistry;
      policy = nextPolicy;
      verdicts = new WeakMap();
    },
  };
}
