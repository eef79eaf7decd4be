import { access, constants, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ProposedException } from '../model/baseline.ts';
import { PortreeveError } from '../model/errors.ts';
import { parsePolicyDocument } from '../policy/parse-policy.ts';
import { renderProposal, renderReviewedHeader, type Approval } from '../reports/baseline-yaml.ts';
import { createFile, isTaken, replaceFile } from './baseline-file.ts';

/** Where approved exceptions go, one after the other. */
export interface ApprovalFile {
  readonly path: string;
  /** Of the first lines, where the file has still to be made. */
  readonly host: string;
  /** YYYY-MM-DD. */
  readonly today: string;
}

/**
 * Makes sure, before anyone is asked anything, that an exception can be added to the file.
 * @throws PortreeveError `output-unwritable`, or `policy-invalid` where the file is no policy
 */
export async function checkApprovalFile(file: ApprovalFile): Promise<void> {
  const probe: ProposedException = { id: 'a-probe-that-is-never-written', rules: ['probe'], match: [{ field: 'port', values: [1] }], listeners: [] };
  await extend(file, probe, { reason: 'probe', expires: null });
  try {
    await access(dirname(file.path), constants.W_OK);
  } catch (cause) {
    const said = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'its folder does not exist' : 'you may not write there';
    throw new PortreeveError('output-unwritable', `${file.path}: ${said}`, { hint: 'run it as root, make the folder, or name another file with --output', cause });
  }
}

/**
 * Adds one exception at the end of the file, which is read anew each time, so that what an editor changed meanwhile
 * stays. Whoever reads the file finds the old text or the new one, whole.
 * @throws as `checkApprovalFile`
 */
export async function appendApproval(file: ApprovalFile, exception: ProposedException, approval: Approval): Promise<void> {
  const text = await extend(file, exception, approval);
  await ((await isTaken(file.path)) ? replaceFile : createFile)(file.path, text);
}

/** What a policy has against a reason, or null. */
export async function findReasonFault(exception: ProposedException, reason: string): Promise<string | null> {
  if (/^(?:todo\b|$)/i.test(reason)) return 'An exception needs a reason: what listens here, and why that is all right.';
  const { problems } = await parsePolicyDocument(`version: 1\nexceptions:\n${renderProposal(exception, { reason, expires: null }).join('\n')}\n`, 'the reason');
  return problems.find(({ level }) => level === 'error')?.message ?? null;
}

/** The text of the file with one exception more, tried: only an addition that leaves everything else as it was is one. */
async function extend({ path, host, today }: ApprovalFile, exception: ProposedException, approval: Approval): Promise<string> {
  const old = (await isTaken(path)) ? await readOld(path) : null;
  const before = old === null ? null : await parsePolicyDocument(old, path);
  const fault = before?.problems.find(({ level }) => level === 'error');
  if (fault !== undefined) throw new PortreeveError('policy-invalid', `${path}: this is no policy that could be added to`, { problems: [fault], hint: 'repair it, or name another file with --output' });
  const start = old === null ? renderReviewedHeader(host, today) : old.endsWith('\n') ? `${old}\n` : `${old}\n\n`;
  const text = `${start}${renderProposal(exception, approval).join('\n')}\n`;
  const { document } = await parsePolicyDocument(text, path);
  const ids = [...(before?.document?.exceptions ?? []).map(({ id }) => id), exception.id];
  if (document?.exceptions.map(({ id }) => id).join(' ') !== ids.join(' ') || document.rules.length !== (before?.document?.rules.length ?? 0)) {
    throw new PortreeveError('output-unwritable', `${path}: an exception cannot be added at its end`, {
      hint: 'its last part has to be a list of exceptions, each indented by two blanks; or name another file with --output',
    });
  }
  return text;
}

async function readOld(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new PortreeveError('output-unwritable', `${path}: cannot be read (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, { hint: 'name another file with --output', cause });
  }
}
