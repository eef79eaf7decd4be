import type { FilePosition, Problem } from '../model/errors.ts';
import type { Exception, Policy, Rule } from '../model/policy.ts';
import { compileMatch } from './compile-match.ts';
import { policyError } from './describe-problems.ts';
import type { ExceptionDocument, PlacedId, PolicyDocument, PolicyIds, RuleDocument } from './document.ts';
import type { Place } from './placed-node.ts';
import { nearestWord } from './spelling.ts';

export interface CompileOptions {
  /** YYYY-MM-DD in the host's time zone. A policy in force past midnight is compiled anew: about 1 ms. */
  readonly today: string;
}

/** More suggestions than this help nobody, and each is a comparison with every rule's id. */
const MOST_SUGGESTIONS = 50;

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
export function checkIds(files: readonly PolicyIds[], options: { partial?: boolean } = {}): readonly Problem[] {
  const problems: Problem[] = [];
  const rules = findDuplicates(files, 'rule', (ids) => ids.rules, problems);
  findDuplicates(files, 'exception', (ids) => ids.exceptions, problems);
  if (options.partial === true) return problems;
  for (const { file, exceptions } of files) {
    for (const named of exceptions.flatMap((exception) => exception.rules)) {
      if (rules.has(named.id)) continue;
      const meant = problems.length < MOST_SUGGESTIONS ? nearestWord(named.id, rules.keys()) : null;
      problems.push({
        position: placeIn(file, named.at),
        message: `there is no rule "${named.id}"`,
        hint: meant === null ? 'Rules are known from the files that are loaded together.' : `Did you mean "${meant}"?`,
        level: 'error',
      });
    }
  }
  return problems;
}

function findDuplicates(
  files: readonly PolicyIds[],
  what: string,
  listOf: (ids: PolicyIds) => readonly PlacedId[],
  problems: Problem[],
): ReadonlyMap<string, FilePosition> {
  const first = new Map<string, FilePosition>();
  for (const ids of files) {
    for (const { id, at } of listOf(ids)) {
      const position = placeIn(ids.file, at);
      const earlier = first.get(id);
      if (earlier === undefined) {
        first.set(id, position);
        continue;
      }
      const hint = `It is there already at ${earlier.file}:${earlier.line ?? 0}:${earlier.column ?? 0}; ids are unique across all files.`;
      problems.push({ position, message: `a second ${what} with the id "${id}"`, hint, level: 'error' });
    }
  }
  return first;
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
