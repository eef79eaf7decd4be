import { resolve } from 'node:path';
import { proposeExceptions, type ProposalChoice } from '../findings/propose-exceptions.ts';
import type { AuditReport } from '../model/audit.ts';
import type { Baseline } from '../model/baseline.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Severity } from '../model/severity.ts';
import { judgedOwners } from '../policy/judged-owners.ts';
import { renderBaseline } from '../reports/baseline-yaml.ts';
import { audit, type AuditInput } from './audit.ts';
import { createFile, isTaken, replaceFile } from './baseline-file.ts';
import { readPolicyDocuments, type PolicyChoice } from './policy.ts';

export { renderBaseline };

export interface BaselineChoice {
  readonly minSeverity: Severity;
  readonly includeCritical: boolean;
  /** YYYY-MM-DD, or null. */
  readonly expires: string | null;
  /** What the policy of the input was read from: its ids are taken. */
  readonly policy: Omit<PolicyChoice, 'now'>;
}

/** Scans this host and proposes exceptions for what the policy has against it. */
export async function createBaseline(input: AuditInput, choice: BaselineChoice): Promise<{ readonly baseline: Baseline; readonly report: AuditReport }> {
  const report = await audit(input);
  const proposals = proposeExceptions(report.listeners, {
    minSeverity: choice.minSeverity,
    includeCritical: choice.includeCritical,
    joinPorts: true,
    ...(await proposalFacts(choice.policy)),
  });
  const { version, host, startedAt, coverage } = report;
  const baseline = { version, host: host.name, startedAt, complete: coverage.complete, minSeverity: choice.minSeverity, expires: choice.expires, ...proposals };
  return { baseline, report };
}

/** What proposals need to know of a policy: which ids are taken (an expired exception's too), and whom it judges. */
export async function proposalFacts(choice: Omit<PolicyChoice, 'now'>): Promise<Pick<ProposalChoice, 'takenIds' | 'judgedOwners'>> {
  const { documents } = await readPolicyDocuments(choice);
  return { takenIds: new Set(documents.flatMap(({ exceptions }) => exceptions.map(({ id }) => id))), judgedOwners };
}

/**
 * Refuses a place before anything is scanned for it: one that is taken, and even with `force` one whose exceptions are
 * in force, since what they silence is not found and would not be in the new file.
 * @throws PortreeveError `output-unwritable`
 */
export async function checkBaselinePlace(path: string, force: boolean, policyFiles: readonly string[]): Promise<void> {
  if (!(await isTaken(path))) return;
  if (policyFiles.some((file) => resolve(file) === resolve(path))) {
    throw new PortreeveError('output-unwritable', `${path}: this file is in force, and what it silences would be missing from a new one`, {
      hint: 'write to another file; or move this one away first, to begin anew',
    });
  }
  if (!force) throw new PortreeveError('output-unwritable', `${path}: there is a file already, and it was left as it is`, { hint: 'name another file, or add --force to replace it' });
}

/** @throws PortreeveError `output-unwritable` where it cannot be written */
export async function writeBaseline(path: string, baseline: Baseline, force: boolean): Promise<void> {
  await (force ? replaceFile : createFile)(path, renderBaseline(baseline));
}
