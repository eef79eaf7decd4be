import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { proposeExceptions } from '../findings/propose-exceptions.ts';
import type { AuditReport } from '../model/audit.ts';
import type { ProposedException } from '../model/baseline.ts';
import { PortreeveError } from '../model/errors.ts';
import { severityRank, type Severity } from '../model/severity.ts';
import { renderReviewItem, type ReviewItem } from '../reports/review.ts';
import type { TextOptions } from '../reports/text-options.ts';
import { appendApproval, findReasonFault, type ApprovalFile } from './baseline-append.ts';
import { proposalFacts } from './baseline-create.ts';
import { readExpiry } from './baseline-expiry.ts';
import { LOCAL_RULES, type PolicyChoice } from './policy.ts';

export { checkApprovalFile, type ApprovalFile } from './baseline-append.ts';

export const APPROVED_FILE = join(LOCAL_RULES, 'approved.yaml');

/** A person at a terminal. */
export interface Conversation {
  show(lines: readonly string[]): void;
  /** What was answered, trimmed; null where the person has left. */
  ask(question: string): Promise<string | null>;
}

export interface ReviewChoice {
  readonly file: ApprovalFile;
  /** YYYY-MM-DD that Enter stands for, or null for never. */
  readonly expires: string | null;
  readonly now: () => Date;
  readonly text: TextOptions;
}

export interface ReviewOutcome {
  readonly approved: number;
  readonly kept: number;
  readonly left: number;
}

/** The policy that a review starts from: with what was approved before, though the file lies elsewhere. */
export function reviewedPolicy(paths: readonly string[] | null, shipped: boolean, output: string): Omit<PolicyChoice, 'now'> {
  const listed = paths ?? (existsSync(LOCAL_RULES) ? [LOCAL_RULES] : []);
  const isListed = listed.some((path) => resolve(path) === resolve(output) || resolve(path) === resolve(output, '..'));
  return { paths: isListed || !existsSync(output) ? paths : [...listed, output], shipped };
}

/** The findings to decide on, the worst first: what can be approved, and what cannot, with the reason. */
export async function listReviewItems(
  report: AuditReport,
  choice: { readonly minSeverity: Severity; readonly includeCritical: boolean; readonly policy: Omit<PolicyChoice, 'now'> },
): Promise<readonly ReviewItem[]> {
  const { minSeverity, includeCritical } = choice;
  const { exceptions, withheld } = proposeExceptions(report.listeners, { minSeverity, includeCritical, joinPorts: false, ...(await proposalFacts(choice.policy)) });
  const items: ReviewItem[] = [
    ...withheld.map(({ listener, rules, reason }) => ({ listeners: [listener], rules, proposal: null, reason })),
    ...exceptions.map((proposal) => ({ listeners: proposal.listeners, rules: proposal.rules, proposal, reason: null })),
  ];
  return items.sort((one, other) => worstRank(other) - worstRank(one));
}

function worstRank({ listeners, rules }: ReviewItem): number {
  return Math.max(-1, ...listeners.flatMap(({ findings }) => findings.filter(({ rule }) => rules.includes(rule)).map(({ severity }) => severityRank(severity))));
}

/**
 * Goes through the items with a person. Each approval is in the file before the next question, so that whoever leaves
 * in the middle loses nothing. What was skipped is asked once more at the end.
 * @throws PortreeveError `output-unwritable` where an approval could not be written
 */
export async function reviewItems(items: readonly ReviewItem[], conversation: Conversation, choice: ReviewChoice): Promise<ReviewOutcome> {
  let approved = 0;
  let kept = 0;
  const skipped: ReviewItem[] = [];
  for (const round of [items, skipped]) {
    for (const [index, item] of [...round].entries()) {
      conversation.show(renderReviewItem(item, { number: index + 1, of: round.length, now: choice.now() }, choice.text));
      const decision = await decide(item, conversation, choice);
      if (decision === 'quit') return { approved, kept, left: items.length - approved - kept };
      if (decision === 'approved') approved += 1;
      if (decision === 'kept') kept += 1;
      if (decision === 'skipped' && round === items) skipped.push(item);
    }
  }
  return { approved, kept, left: items.length - approved - kept };
}

type Decision = 'approved' | 'kept' | 'skipped' | 'quit';

async function decide({ proposal }: ReviewItem, conversation: Conversation, choice: ReviewChoice): Promise<Decision> {
  const question = `${proposal === null ? '' : '[a]pprove, '}[k]eep alerting, [s]kip for now, [q]uit? `;
  for (;;) {
    const answer = (await conversation.ask(question))?.toLowerCase();
    if (answer === undefined || answer === 'q' || answer === 'quit') return 'quit';
    if (answer === 'k' || answer === 'keep') return 'kept';
    if (answer === 's' || answer === 'skip') return 'skipped';
    if (proposal !== null && (answer === 'a' || answer === 'approve')) {
      const outcome = await approve(proposal, conversation, choice);
      if (outcome !== 'back') return outcome;
    } else {
      conversation.show([`  Answer with a letter${answer === '' ? '' : ', not more'}: ${proposal === null ? '' : 'a, '}k, s or q.`]);
    }
  }
}

async function approve(proposal: ProposedException, conversation: Conversation, { file, expires, now }: ReviewChoice): Promise<'approved' | 'back' | 'quit'> {
  const reason = await askReason(proposal, conversation);
  if (reason === null) return 'quit';
  if (reason === '') return 'back';
  const until = await askExpiry(expires, now, conversation);
  if (until === 'quit') return 'quit';
  await appendApproval(file, proposal, { reason, expires: until.date });
  conversation.show([`  Approved as ${proposal.id}${until.date === null ? '' : ` until ${until.date}`}.`]);
  return 'approved';
}

/** Null where the person has left, '' to go back. */
async function askReason(proposal: ProposedException, conversation: Conversation): Promise<string | null> {
  for (;;) {
    const reason = await conversation.ask('Reason (Enter to go back): ');
    if (reason === null || reason === '') return reason;
    const fault = await findReasonFault(proposal, reason);
    if (fault === null) return reason;
    conversation.show([`  ${fault}`]);
  }
}

async function askExpiry(usual: string | null, now: () => Date, conversation: Conversation): Promise<{ readonly date: string | null } | 'quit'> {
  for (;;) {
    const answer = await conversation.ask(`Until (90d, 12w or YYYY-MM-DD; Enter for ${usual ?? 'no end'}): `);
    if (answer === null) return 'quit';
    if (answer === '') return { date: usual };
    try {
      return { date: readExpiry(answer, now()) };
    } catch (error) {
      if (!(error instanceof PortreeveError)) throw error;
      conversation.show([`  Not understood: ${error.hint ?? error.message}.`]);
    }
  }
}
