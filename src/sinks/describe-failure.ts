import { cleanText } from '../model/untrusted-text.ts';

const LONGEST = 300;

/** One line for a person of what a call of Node or the other side threw. */
export function describeFailure(cause: unknown): string {
  if (cause instanceof AggregateError) {
    // Node's attempts at each address of a name (RFC 8305): each with its own reason.
    const reasons = new Set(cause.errors.map(describeFailure));
    return [...reasons].slice(0, 4).join('; ').slice(0, LONGEST);
  }
  return cleanText(cause instanceof Error ? cause.message : String(cause)).slice(0, LONGEST);
}
