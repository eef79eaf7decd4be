import type { AuditedListener } from '../model/audit.ts';
import { describeExecutableFault } from '../model/executable-fault.ts';
import { isAboutExecutable } from '../model/executable-rules.ts';
import type { Owner } from '../model/listener.ts';
import { literalPattern } from '../model/literal-pattern.ts';
import { standingFindings } from './wording.ts';

/** Which of a listener's standing findings an exception may be offered for. */
export interface ExceptionOffer {
  readonly rules: readonly string[];
  /** The others, and one sentence that says why; null where there are none. It holds text that a process chose. */
  readonly refused: { readonly rules: readonly string[]; readonly reason: string } | null;
}

/**
 * An exception approves a program on a port. None is offered where what is wrong is the program, where the program
 * cannot be told from another, or where the policy would silence nothing by it.
 */
export function offerException(listener: AuditedListener): ExceptionOffer {
  const rules = standingFindings(listener).map(({ rule }) => rule);
  if (rules.length === 0) return { rules, refused: null };
  const fault = describeFault(listener);
  if (fault !== null) return { rules: [], refused: { rules, reason: fault } };
  const ofExecutable = rules.filter(isAboutExecutable);
  if (ofExecutable.length === 0) return { rules, refused: null };
  return { rules: rules.filter((rule) => !isAboutExecutable(rule)), refused: { rules: ofExecutable, reason: 'What is wrong is the program itself: put that right first.' } };
}

function describeFault({ ownerKind, ownerNote, owners, activation }: AuditedListener): string | null {
  if (ownerNote?.code === 'concealed') return '/proc hides one of its owners, and what cannot be seen cannot be approved.';
  if (ownerKind === 'process' && ownerNote !== null) return 'One of the sockets that share the port has no owner, and who is approved cannot vouch for it.';
  // The unit is what is approved then.
  if (activation !== null) return null;
  return owners.flatMap((owner) => (hasUsablePath(owner) ? describeExecutableFault(owner, owner.exeReplaced === true) ?? [] : []))[0] ?? null;
}

/** Without one the exception says what is missing in a comment. */
function hasUsablePath({ exe }: Owner): boolean {
  return exe !== null && literalPattern(exe) !== null;
}
