import type { FilePosition, Problem } from '../model/errors.ts';
import type { Exception, Policy, Rule } from '../model/policy.ts';
import { compileMatch } from './compile-match.ts';
import { policyError } from './describe-problems.ts';
import type { ExceptionDocument, PlacedId, PolicyDocument, PolicyIds, RuleDocument } from './document.ts';
import type { Place } from './placed-node.ts';
import { createProblemLog, type ProblemLog } from './problem-log.ts';
import { nearestWord } from './spelling.ts';

export interface CompileOptions {
  /** YYYY-MM-DD in the host's time zone. A policy in force past midnight is compiled anew: about 1 ms. */
  readonly today: string;
}

/** A suggestion compares with every rule's id: about 4 ms each among 5,000 rules. */
const MOST_SUGGESTIONS = 20;

/**
 * Makes the policy in force from checked documents, in their order. Needs no YAML and touches no file.
 * @throws PortreeveError `policy-invalid` where ids clash or exceptions name rules that do not exist
 */
export function compilePolicy(documents: readonly PolicyDocument[], { today }: CompileOptions): Policy {
  const problems = checkIds(documents);
  if (problems.length > 0) throw policyError(problems);
  const warnings: Problem[] = [];
  const exceptions: Exception[] = [];
  for (const { file, exceptions: listed } of documents) {
    for (const exception of listed) {
      if (exception.expires === null || exception.expires.date >= today) exceptions.push(compileException(exception, file));
      else warnings.push(describeExpired(exception, exception.expires, file));
    }
  }
  const rules = documents.flatMap(({ file, rules: listed }) =>
    listed.filter((rule) => rule.enabled).map((rule) => compileRule(rule, file)),
  );
  return { files: documents.map((document) => document.file), rules, exceptions, warnings };
}

/**
 * What is wrong with the ids of all files together. `partial`: some file could not be read, so that a rule not found
 * here may well exist.
 */
export function checkIds(files: readonly PolicyIds[], { partial = false }: { partial?: boolean } = {}): readonly Problem[] {
  const rules = findFirst(files, (ids) => ids.rules);
  const exceptions = findFirst(files, (ids) => ids.exceptions);
  return files.flatMap((ids) => {
    const log = createProblemLog(ids.file);
    reportDuplicates('rule', ids.file, ids.rules, rules, log);
    reportDuplicates('exception', ids.file, ids.exceptions, exceptions, log);
    if (!partial) reportUnknown(ids, rules, log);
    return log.problems;
  });
}

type FirstPlaces = ReadonlyMap<string, { readonly file: string; readonly at: Place }>;

function findFirst(files: readonly PolicyIds[], listOf: (ids: PolicyIds) => readonly PlacedId[]): FirstPlaces {
  const first = new Map<string, { file: string; at: Place }>();
  for (const ids of files) {
    for (const { id, at } of listOf(ids)) if (!first.has(id)) first.set(id, { file: ids.file, at });
  }
  return first;
}

function reportDuplicates(what: string, file: string, listed: readonly PlacedId[], firstPlaces: FirstPlaces, log: ProblemLog): void {
  for (const { id, at } of listed) {
    const first = firstPlaces.get(id);
    if (first === undefined || (first.file === file && first.at === at)) continue;
    log.error(at, `a second ${what} with the id "${id}"`, `It is there already at ${first.file}:${first.at.join(':')}; ids are unique across all files.`);
  }
}

function reportUnknown({ exceptions }: PolicyIds, rules: FirstPlaces, log: ProblemLog): void {
  for (const { id, at } of exceptions.flatMap((exception) => exception.rules)) {
    if (rules.has(id) || log.full) continue;
    const meant = log.problems.length < MOST_SUGGESTIONS ? nearestWord(id, rules.keys()) : null;
    log.error(at, `there is no rule "${id}"`, meant === null ? 'Rules are known from the files that are loaded together.' : `Did you mean "${meant}"?`);
  }
}

function describeExpired({ id }: ExceptionDocument, expires: NonNullable<ExceptionDocument['expires']>, file: string): Problem {
  return {
    position: placeIn(file, expires.at),
    message: `the exception "${id}" expired at the end of ${expires.date} and silences nothing`,
    hint: 'Look at its listener again: renew the date, or remove the exception.',
    level: 'warning',
  };
}

function compileRule({ id, at, title, match, severity, advice, references, attack }: RuleDocument, file: string): Rule {
  return { id, title, severity, match: compileMatch(match, file), advice, references, attack, position: placeIn(file, at) };
}

function compileException({ id, at, rules, match, reason, owner, expires }: ExceptionDocument, file: string): Exception {
  return {
    id,
    rules: rules.map((rule) => rule.id),
    match: compileMatch(match, file),
    reason,
    owner,
    expires: expires?.date ?? null,
    position: placeIn(file, at),
  };
}

function placeIn(file: string, [line, column]: Place): FilePosition {
  return { file, line, column };
}
