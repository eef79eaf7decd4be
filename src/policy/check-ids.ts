import type { Problem } from '../model/errors.ts';
import { nearestWord } from '../model/spelling.ts';
import type { Place } from '../yaml/placed-node.ts';
import { createProblemLog, type ProblemLog } from '../yaml/problem-log.ts';
import type { PlacedId, PolicyIds } from './document.ts';
import type { PolicyProblemCode } from './problem-codes.ts';

/** A suggestion compares with every rule's id: about 4 ms each among 5,000 rules. */
const MOST_SUGGESTIONS = 20;

/**
 * What is wrong with the ids of all files together. `partial`: some file could not be read, so that a rule not found
 * here may well exist.
 */
export function checkIds(files: readonly PolicyIds[], { partial = false }: { partial?: boolean } = {}): readonly Problem[] {
  const rules = findFirst(files, (ids) => ids.rules);
  const exceptions = findFirst(files, (ids) => ids.exceptions);
  const overridden = findFirst(files, overriddenRules);
  return files.flatMap((ids) => {
    const log = createProblemLog(ids.file);
    const report = (listed: readonly PlacedId[], first: FirstPlaces, describe: (id: string) => string, rule: string): void => {
      for (const { id, at, place } of findSecond(ids.file, listed, first)) {
        log.error(at, describe(id), `It is there already at ${place}; ${rule}.`, 'duplicate-id' satisfies PolicyProblemCode);
      }
    };
    report(ids.rules, rules, (id) => `a second rule with the id "${id}"`, 'ids are unique across all files');
    report(ids.exceptions, exceptions, (id) => `a second exception with the id "${id}"`, 'ids are unique across all files');
    report(overriddenRules(ids), overridden, (id) => `a second override of the rule "${id}"`, 'only one of them could hold');
    if (!partial) reportUnknown([...ids.exceptions.flatMap((exception) => exception.rules), ...overriddenRules(ids)], rules, log);
    return log.problems;
  });
}

type FirstPlaces = ReadonlyMap<string, { readonly file: string; readonly at: Place }>;

function overriddenRules(ids: PolicyIds): readonly PlacedId[] {
  return ids.overrides.map(({ rule }) => rule);
}

function findFirst(files: readonly PolicyIds[], listOf: (ids: PolicyIds) => readonly PlacedId[]): FirstPlaces {
  const first = new Map<string, { file: string; at: Place }>();
  for (const ids of files) {
    for (const { id, at } of listOf(ids)) if (!first.has(id)) first.set(id, { file: ids.file, at });
  }
  return first;
}

function findSecond(file: string, listed: readonly PlacedId[], firstPlaces: FirstPlaces): readonly (PlacedId & { readonly place: string })[] {
  return listed.flatMap(({ id, at }) => {
    const first = firstPlaces.get(id);
    if (first === undefined || (first.file === file && first.at === at)) return [];
    return [{ id, at, place: `${first.file}:${first.at.join(':')}` }];
  });
}

function reportUnknown(named: readonly PlacedId[], rules: FirstPlaces, log: ProblemLog): void {
  for (const { id, at } of named) {
    if (rules.has(id) || log.full) continue;
    const meant = log.problems.length < MOST_SUGGESTIONS ? nearestWord(id, rules.keys()) : null;
    log.error(at, `there is no rule "${id}"`, meant === null ? 'Rules are known from the files that are loaded together.' : `Did you mean "${meant}"?`, 'unknown-rule' satisfies PolicyProblemCode);
  }
}
