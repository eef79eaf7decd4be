import { namePackages } from '../inventory/name-packages.ts';
import type { Listener } from '../model/listener.ts';
import type { Policy } from '../model/policy.ts';

/** The listeners with the facts that only some policies ask for, and that cost something to find out. */
export function addPolicyFacts(listeners: readonly Listener[], policy: Policy): readonly Listener[] {
  return policy.fields.has('exePackage') ? namePackages(listeners) : listeners;
}
