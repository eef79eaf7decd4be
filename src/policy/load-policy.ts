import type { Problem } from '../model/errors.ts';
import type { Policy } from '../model/policy.ts';
import { sortProblems } from '../yaml/problem-log.ts';
import { checkIds } from './check-ids.ts';
import { compilePolicy, type CompileOptions } from './compile-policy.ts';
import { policyError } from './policy-error.ts';
import type { PolicyDocument } from './document.ts';
import { parsePolicyDocument, type ParsedPolicy } from './parse-policy.ts';
import { readPolicyPaths, type PolicySource } from './policy-files.ts';

export interface LoadedDocuments {
  readonly documents: readonly PolicyDocument[];
  readonly warnings: readonly Problem[];
}

/**
 * Reads and compiles a policy. Each path is a file, or a folder with its `*.yaml` and `*.yml`.
 * @throws PortreeveError `policy-invalid` or `policy-unreadable` with all problems of all files
 */
export async function loadPolicy(paths: readonly string[], options: CompileOptions): Promise<Policy> {
  const { documents, warnings } = await loadPolicyDocuments(paths);
  const policy = compilePolicy(documents, options);
  return { ...policy, warnings: [...warnings, ...policy.warnings] };
}

/**
 * Reads and checks policy files; what a caller keeps to compile again when the day changes. `beside`: documents that will
 * be in force together with these, such as the shipped packs, whose rules the files may name and whose ids they may not take.
 * @throws as `loadPolicy`
 */
export async function loadPolicyDocuments(
  paths: readonly string[],
  { beside = [] }: { beside?: readonly PolicyDocument[] } = {},
): Promise<LoadedDocuments> {
  const { sources, documents, problems } = await readDocuments(paths, beside);
  if (problems.some((problem) => problem.level === 'error')) {
    throw policyError(problems, new Map(sources.map(({ file, text }) => [file, text])));
  }
  return { documents, warnings: problems };
}

export interface ReadDocuments {
  /** The files that could be read. */
  readonly sources: readonly PolicySource[];
  /** Those of them without a fault of their own. */
  readonly documents: readonly PolicyDocument[];
  readonly problems: readonly Problem[];
}

/** Reads policy files and checks them, one by one and in their ids together. What is wrong is a problem, never an exception. */
export async function readDocuments(paths: readonly string[], beside: readonly PolicyDocument[]): Promise<ReadDocuments> {
  const { sources, problems: unreadable } = await readPolicyPaths(paths);
  const parsed: ParsedPolicy[] = [];
  for (const { file, text } of sources) parsed.push(await parsePolicyDocument(text, file));
  const ids = parsed.flatMap((policy) => policy.ids ?? []);
  const isPartial = ids.length < parsed.length || unreadable.some((problem) => problem.level === 'error');
  const problems = sortProblems([
    ...unreadable,
    ...parsed.flatMap((policy) => policy.problems),
    ...checkIds([...beside, ...ids], { partial: isPartial }),
  ]);
  return { sources, documents: parsed.flatMap((policy) => policy.document ?? []), problems };
}
