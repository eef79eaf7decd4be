import type { PolicyCheck, PolicyFault } from '../model/policy-check.ts';
import type { Problem } from '../model/errors.ts';
import { sortProblems } from '../yaml/problem-log.ts';
import type { PolicyDocument } from './document.ts';
import type { UnusedLimit } from './lint-exceptions.ts';
import type { KnownFacts } from './lint-facts.ts';
import { lintPolicy } from './lint-policy.ts';
import { readDocuments } from './load-policy.ts';

export interface CheckOptions {
  /** YYYY-MM-DD in the host's time zone. */
  readonly today: string;
  /** Documents that are in force together with the files, and are not themselves looked at. */
  readonly beside?: readonly PolicyDocument[];
  readonly unused?: UnusedLimit | null;
  readonly facts?: KnownFacts;
}

const NOTHING_KNOWN: KnownFacts = { unknownHere: new Map(), serviceNames: null };

/**
 * Everything wrong or doubtful in policy files, in one go. Never throws for what the files say. Stricter than an audit,
 * which still runs with an exception whose reason is to be written.
 */
export async function checkPolicyFiles(paths: readonly string[], { today, beside = [], unused = null, facts = NOTHING_KNOWN }: CheckOptions): Promise<PolicyCheck> {
  const { sources, documents, problems } = await readDocuments(paths, beside);
  const found = sortProblems([...problems, ...lintPolicy(documents, { today, beside, unused, facts })]);
  const lines = new Map<string, readonly string[]>();
  for (const { file, text } of sources) if (found.some(({ position }) => position.file === file)) lines.set(file, text.split(/\r?\n/));
  return {
    schema: 'portreeve/policy-check/v1',
    files: sources.map(({ file }) => file),
    rules: count(documents, ({ rules }) => rules),
    exceptions: count(documents, ({ exceptions }) => exceptions),
    overrides: count(documents, ({ overrides }) => overrides),
    usageUntil: unused?.until ?? null,
    problems: found.map((problem) => describeFault(problem, lines)),
  };
}

function describeFault(problem: Problem, lines: ReadonlyMap<string, readonly string[]>): PolicyFault {
  const { file, line } = problem.position;
  const source = line === null ? null : (lines.get(file)?.[line - 1] ?? null);
  const code = problem.code ?? 'bad-value';
  return { ...problem, code, source, level: code === 'exception-todo' ? 'error' : problem.level };
}

function count(documents: readonly PolicyDocument[], listOf: (document: PolicyDocument) => readonly unknown[]): number {
  return documents.reduce((sum, document) => sum + listOf(document).length, 0);
}
