import type { Problem } from '../model/errors.ts';
import { nearestWord } from '../model/spelling.ts';
import type { FieldCondition } from './compare-matches.ts';
import type { ConditionDocument } from './document.ts';
import { problemAt } from './problem-at.ts';

/** What a policy's values can be held against, beyond its own files. */
export interface KnownFacts {
  /** Fields whose facts this host does not give, and why. */
  readonly unknownHere: ReadonlyMap<string, string>;
  /** All service names of the registry in small letters; null where there is no registry at hand. Called where a match names one. */
  readonly serviceNames: (() => ReadonlySet<string>) | null;
}

/** A suggestion compares with every name of the registry: about 4 ms each. */
const MOST_SUGGESTIONS = 20;

/** Gives what finds the conditions of a match that nothing on this host, or nothing in the registry, will ever fulfil. */
export function createFactsLint({ unknownHere, serviceNames }: KnownFacts): (match: ConditionDocument, what: string, file: string) => readonly Problem[] {
  let suggestions = 0;

  function lintService({ at, values }: FieldCondition, what: string, file: string): readonly Problem[] {
    const known = serviceNames?.();
    if (known === undefined) return [];
    return values
      .map((value) => String(value))
      .filter((name) => !known.has(name.toLowerCase()))
      .map((name) => {
        const meant = ++suggestions > MOST_SUGGESTIONS ? null : nearestWord(name.toLowerCase(), known);
        const hint = meant === null ? 'portreeve explain PORT tells the name of a port.' : `Did you mean ${meant}?`;
        return problemAt(file, at, 'warning', 'unknown-service', `${what} asks for the service "${name}", and no port is registered under that name`, hint);
      });
  }

  return (match, what, file) => {
    const conditions = listConditions(match);
    const told = [...unknownHere].flatMap(([field, why]) => {
      const asked = conditions.find((condition) => condition.field === field);
      // No more than a notice: a rule is worth having on another host.
      return asked === undefined ? [] : [problemAt(file, asked.at, 'notice', 'unknown-here', `${what} asks for ${field}, which is unknown on this host: ${why}`, 'Unknown is not true: it matches nothing, and silences nothing.')];
    });
    return [...told, ...conditions.flatMap((condition) => (condition.field === 'service' ? lintService(condition, what, file) : []))];
  };
}

function listConditions(match: ConditionDocument): readonly FieldCondition[] {
  return match.kind === 'field' ? [match] : match.conditions.flatMap(listConditions);
}
