import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Policy } from '../model/policy.ts';
import type { ExceptionOverview } from '../model/policy-overview.ts';
import { compilePolicy } from '../policy/compile-policy.ts';
import { describePolicy } from '../policy/describe-policy.ts';
import type { PolicyDocument } from '../policy/document.ts';
import { loadPolicyDocuments, type LoadedDocuments } from '../policy/load-policy.ts';
import { isPolicyName } from '../policy/policy-files.ts';

/** A shipped pack as the build read it, with the text that it was read from. */
export interface PreparedPack {
  readonly name: string;
  readonly text: string;
  readonly document: PolicyDocument;
}

// Both the sources (src/pass) and the bundle (dist/bin) lie two folders below the package.
export const SHIPPED_RULES = fileURLToPath(new URL('../../rules', import.meta.url));
const PREPARED_PACKS = fileURLToPath(new URL('../../dist/rules.json', import.meta.url));
/** Where an administrator keeps rules and exceptions. */
export const LOCAL_RULES = '/etc/portreeve/rules.d';

export interface PolicyChoice {
  /** Files and folders of the user; null for the default folder, if there is one. */
  readonly paths: readonly string[] | null;
  /** Whether the shipped packs are in force too. */
  readonly shipped: boolean;
  readonly now: () => Date;
}

/**
 * Reads the policy in force: the shipped packs, and what the user or the administrator added.
 * @throws PortreeveError `policy-invalid` or `policy-unreadable` with all problems of all files
 */
export async function openPolicy(choice: PolicyChoice): Promise<Policy> {
  return compileRead(await readPolicyDocuments(choice), choice);
}

function compileRead(read: LoadedDocuments, { now }: PolicyChoice): Policy {
  const policy = compilePolicy(read.documents, { today: localDate(now()), now });
  return { ...policy, warnings: [...read.warnings, ...policy.warnings] };
}

/**
 * The policy in force, and all exceptions of its files, expired ones too.
 * @throws as `openPolicy`
 */
export async function openPolicyWithExceptions(choice: PolicyChoice): Promise<{ readonly policy: Policy; readonly exceptions: readonly ExceptionOverview[] }> {
  const read = await readPolicyDocuments(choice);
  const { exceptions } = describePolicy(read.documents, { today: localDate(choice.now()), isShipped, warnings: [] });
  return { policy: compileRead(read, choice), exceptions };
}

/**
 * The documents that a policy is compiled from.
 * @throws as `openPolicy`
 */
export async function readPolicyDocuments({ paths, shipped }: Omit<PolicyChoice, 'now'>): Promise<LoadedDocuments> {
  const packs = shipped ? await readShippedPacks() : { documents: [], warnings: [] };
  const local = listLocalPolicies(paths);
  const added = local.length === 0 ? { documents: [], warnings: [] } : await loadPolicyDocuments(local, { beside: packs.documents });
  return { documents: [...packs.documents, ...added.documents], warnings: [...packs.warnings, ...added.warnings] };
}

/** The paths that a user named, or the default folder. That may be missing or empty; one that a user names may not. */
export function listLocalPolicies(paths: PolicyChoice['paths']): readonly string[] {
  return paths ?? (hasPolicies(LOCAL_RULES) ? [LOCAL_RULES] : []);
}

/** One that is there and cannot be read counts as having some: the reader then says what is wrong with it. */
function hasPolicies(folder: string): boolean {
  try {
    return readdirSync(folder).some(isPolicyName);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT' || isLink(folder);
  }
}

/** A link that leads nowhere is a policy that was meant to be there. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/**
 * The packs of `rules/`. Reading YAML is the dearest part of a start, so the build leaves each pack behind as it was
 * read; it counts only while its text is, to the letter, what lies in `rules/`.
 */
async function readShippedPacks(): Promise<LoadedDocuments> {
  const prepared = readPreparedPacks();
  const names = readdirSync(SHIPPED_RULES).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml')).sort();
  const documents: PolicyDocument[] = [];
  for (const name of names) {
    const file = join(SHIPPED_RULES, name);
    const pack = prepared.get(name);
    if (pack?.text !== readFileSync(file, 'utf8')) return loadPolicyDocuments([SHIPPED_RULES]);
    documents.push({ ...pack.document, file });
  }
  return { documents, warnings: [] };
}

function readPreparedPacks(): ReadonlyMap<string, PreparedPack> {
  try {
    const packs = JSON.parse(readFileSync(PREPARED_PACKS, 'utf8')) as readonly PreparedPack[];
    return new Map(packs.map((pack) => [pack.name, pack]));
  } catch {
    // Not built, or torn: the packs themselves are always there.
    return new Map();
  }
}

/** Whether a policy file came with the program. */
export function isShipped(file: string): boolean {
  return dirname(file) === SHIPPED_RULES;
}

/** YYYY-MM-DD in the host's time zone, in which an exception ends. */
export function localDate(date: Date): string {
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
}
