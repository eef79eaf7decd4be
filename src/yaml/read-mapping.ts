import { nearestWord } from '../model/spelling.ts';
import { describeNode, quote, shorten, type Place, type PlacedEntry, type PlacedMapping, type PlacedNode } from './placed-node.ts';
import type { ProblemLog } from './problem-log.ts';
import type { ScalarKind } from './scalar-kinds.ts';

/** The known entries of a mapping, by key. */
export type Entries = ReadonlyMap<string, PlacedEntry>;

/** What a person reads in a terminal or a log: no controls, nothing that reorders or breaks lines unseen. */
const UNFIT_FOR_PROSE = /(?!\n)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

/** Entries of a mapping; unknown keys are logged, and null given for what is no mapping. `what` is for messages: `a rule`. */
export function readMapping(node: PlacedNode, what: string, keys: readonly string[], log: ProblemLog): Entries | null {
  if (node.kind !== 'mapping') {
    log.error(node.at, `expected ${what} (a mapping), found ${describeNode(node)}`);
    return null;
  }
  reportUnknownKeys(node, what, keys, log);
  return new Map(node.entries.map((entry) => [entry.key, entry]));
}

function reportUnknownKeys(node: PlacedMapping, what: string, keys: readonly string[], log: ProblemLog): void {
  for (const { key, keyAt } of node.entries) {
    if (keys.includes(key) || log.full) continue;
    log.error(keyAt, `${what} has no key ${quote(key)}`, suggestWord(key, keys), 'unknown-key');
  }
}

/** `Did you mean "match"?`, or all there is to choose from where that is short. */
export function suggestWord(word: string, known: readonly string[]): string | null {
  const meant = nearestWord(word, known);
  if (meant !== null) return `Did you mean ${quote(meant)}?`;
  return known.length <= 30 ? `Known here: ${known.join(', ')}.` : null;
}

/** The value of a key, or null where it is missing, which is logged at the place of the whole mapping. */
export function readRequired(entries: Entries, key: string, owner: PlacedNode, what: string, log: ProblemLog): PlacedNode | null {
  const entry = entries.get(key);
  if (entry === undefined) reportMissing(key, owner, what, log);
  return entry?.value ?? null;
}

export function reportMissing(key: string, owner: PlacedNode, what: string, log: ProblemLog): void {
  log.error(owner.at, `${what} needs the key ${quote(key)}`, null, 'missing-key');
}

/** Text for people. `lines`: may run over several. */
export function readProse(node: PlacedNode, key: string, log: ProblemLog, options: { lines: boolean }): string | null {
  const text = readText(node, key, log);
  if (text === null) return null;
  const unfit = UNFIT_FOR_PROSE.exec(text);
  if (unfit !== null) {
    const name = `U+${(unfit[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    log.error(node.at, `${key} has the invisible character ${name} in it`, 'Remove it: it can make a terminal show something else than the file says.');
    return null;
  }
  const trimmed = text.trim();
  if (!options.lines && trimmed.includes('\n')) {
    log.error(node.at, `${key} must fit on one line`);
    return null;
  }
  return trimmed;
}

/** Text that is not blank; a number or a truth value is not taken for text. */
export function readText(node: PlacedNode, key: string, log: ProblemLog): string | null {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') {
    const isUnquoted = node.kind === 'scalar' && node.value !== null;
    log.error(node.at, `${key} must be text, found ${describeNode(node)}`, isUnquoted ? `Write ${quote(node.source)} in quotes.` : null);
    return null;
  }
  if (node.value.trim() === '') {
    log.error(node.at, `${key} must not be empty`);
    return null;
  }
  return node.value;
}

/** The items of a list. A single value is not taken for a list of one: the file says what its reader will see. */
export function readList(node: PlacedNode, key: string, log: ProblemLog): readonly PlacedNode[] | null {
  if (node.kind === 'sequence') return node.items;
  const isSingle = node.kind === 'scalar' && node.value !== null;
  log.error(node.at, `${key} must be a list, found ${describeNode(node)}`, isSingle ? `Write ${key}: [${shorten(node.source)}].` : null);
  return null;
}

/** Words of a list, each checked; those that fail are logged and left out. */
export function readWords(node: PlacedNode, key: string, log: ProblemLog): readonly { readonly word: string; readonly at: Place }[] {
  return (readList(node, key, log) ?? []).flatMap((item) => {
    const word = readProse(item, `each item of ${key}`, log, { lines: false });
    return word === null ? [] : [{ word, at: item.at }];
  });
}

/** A plain value of that kind; null for anything else, which is logged. `expected`: see `ScalarKind`. */
export function readScalar<Value>(node: PlacedNode, key: string, kind: ScalarKind<Value>, log: ProblemLog, expected = kind.expected): Value | null {
  if (node.kind !== 'scalar') {
    log.error(node.at, `${key}: expected ${expected}, found ${describeNode(node)}`);
    return null;
  }
  const checked = kind.check(node, expected);
  if (!('fault' in checked)) return checked.value;
  log.error(node.at, `${key}: ${checked.fault.message}`, checked.fault.hint);
  return null;
}

/** `version: 1` says which language the file is written in. */
export function checkVersion(entries: Entries, root: PlacedNode, log: ProblemLog): void {
  const version = readRequired(entries, 'version', root, 'the file', log);
  if (version === null || (version.kind === 'scalar' && version.value === 1 && version.source === '1')) return;
  log.error(version.at, `this portreeve reads version 1 of the language, found ${describeNode(version)}`, 'Write version: 1.');
}
