import type { Truth } from '../model/policy.ts';

/** Kleene's strong logic: an unknown operand decides nothing that a known one has not decided already. */
export function negate(truth: Truth): Truth {
  if (truth === 'unknown') return 'unknown';
  return truth === 'true' ? 'false' : 'true';
}

/** Conjunction: the lesser of the two, where false < unknown < true. */
export function both(left: Truth, right: Truth): Truth {
  if (left === 'false' || right === 'false') return 'false';
  return left === 'true' && right === 'true' ? 'true' : 'unknown';
}

/** Disjunction: the greater of the two. */
export function either(left: Truth, right: Truth): Truth {
  if (left === 'true' || right === 'true') return 'true';
  return left === 'false' && right === 'false' ? 'false' : 'unknown';
}

export function truthOf(value: boolean): Truth {
  return value ? 'true' : 'false';
}
