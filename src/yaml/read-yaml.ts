import type * as Yaml from 'yaml';
import type { Problem } from '../model/errors.ts';
import { quote, shorten, type Place, type PlacedEntry, type PlacedNode, type PlacedScalar } from './placed-node.ts';
import { createProblemLog, type ProblemLog } from './problem-log.ts';

/** Real files stay below 20. The composer of `yaml` calls itself for each level, and the stack ends near 800. */
const DEEPEST_NESTING = 100;
/** About 2 us each: 5,000 rules take 500,000, a hostile 4 MB file would take 5 million. */
const MOST_LEXEMES = 1_000_000;
/** Nodes with every alias counted as what it stands for: keeps an alias bomb from going off in who walks the tree. */
const MOST_NODES = 1_000_000;
/** A slip in the syntax makes the parser stumble over all that follows; the first few places tell. */
const MOST_SYNTAX_PROBLEMS = 5;

const CORE_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;
/** What YAML 1.2 does not print (section 5.1), and a lone carriage return, which editors do not count as a line. */
const UNPRINTABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\p{Cs}]|\r(?!\n)/u;

export interface YamlReading {
  /** Null where there are errors. */
  readonly root: PlacedNode | null;
  readonly problems: readonly Problem[];
}

/**
 * Reads one YAML 1.2 document (core schema) strictly: no second document, no tags but the core ones, no duplicate or
 * merge keys, no older YAML version. Never throws for what the text says, and does bounded work whatever it says.
 * `yaml` costs about 20 ms to load, so that happens here, not at the start.
 */
export async function readYaml(text: string, file: string): Promise<YamlReading> {
  const log = createProblemLog(file, 'yaml');
  const source = text.startsWith('\ufeff') ? text.slice(1) : text;
  const unprintable = UNPRINTABLE.exec(source);
  if (unprintable !== null) {
    reportUnprintable(source, unprintable, log);
    return { root: null, problems: log.problems };
  }
  const yaml = await import('yaml');
  const placeAt = indexLines(source);
  const document = composeDocument(yaml, source, placeAt, log);
  const root = document === null || log.failed ? null : placeNodes(yaml, document, placeAt, source, log);
  if (root?.kind === 'scalar' && root.value === null && !log.failed) reportEmpty(log);
  return { root: log.failed ? null : root, problems: log.problems };
}

function reportUnprintable(source: string, { 0: found, index }: RegExpExecArray, log: ProblemLog): void {
  const before = source.slice(0, index);
  const line = before.split('\n').length;
  const name = `U+${(found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const hint = found === '\r' ? 'End lines with a line feed.' : found === '\0' ? 'Is this a text file?' : null;
  log.error([line, index - before.lastIndexOf('\n')], `the character ${name} is not allowed here`, hint);
}

function reportEmpty(log: ProblemLog): void {
  log.error([1, 1], 'the file is empty', 'It starts with version: 1.');
}

/**
 * The only document of the text, or null with what is wrong logged. The stages of `yaml` are driven by hand so that depth
 * and size are known before the recursive one starts.
 */
function composeDocument(yaml: typeof Yaml, source: string, placeAt: PlaceAt, log: ProblemLog): Yaml.Document.Parsed | null {
  const parser = new yaml.Parser();
  const composer = new yaml.Composer({ version: '1.2', schema: 'core', merge: false, uniqueKeys: false, prettyErrors: false });
  const documents: Yaml.Document.Parsed[] = [];
  const compose = (tokens: Iterable<Yaml.CST.Token>): void => {
    for (const token of tokens) documents.push(...composer.next(token));
  };
  // A hostile file is good for a million errors; without their stack traces each costs a tenth (1.5 us for 15 us).
  const stackTraceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    let lexemes = 0;
    for (const lexeme of new yaml.Lexer().lex(source)) {
      compose(parser.next(lexeme));
      if (parser.stack.length > DEEPEST_NESTING) {
        log.error(placeAt(parser.offset), `nested more than ${DEEPEST_NESTING} levels deep`);
        return null;
      }
      if (++lexemes > MOST_LEXEMES || documents.length > 1) break;
    }
    if (lexemes > MOST_LEXEMES) {
      log.error(placeAt(parser.offset), 'the file has too many parts', 'Split it into several files.');
      return null;
    }
    compose(parser.end());
    documents.push(...composer.end(false, source.length));
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return takeOnlyDocument(documents, composer.streamInfo().errors, placeAt, log);
}

function takeOnlyDocument(
  documents: readonly Yaml.Document.Parsed[],
  strayErrors: readonly Yaml.YAMLParseError[],
  placeAt: PlaceAt,
  log: ProblemLog,
): Yaml.Document.Parsed | null {
  const [document, second] = documents;
  for (const error of [...(document?.errors ?? strayErrors)].slice(0, MOST_SYNTAX_PROBLEMS)) {
    const hint = error.code === 'TAB_AS_INDENT' ? 'Indent with spaces.' : null;
    log.error(placeAt(error.pos[0]), firstLine(error.message), hint);
  }
  if (log.failed) return null;
  if (document === undefined || document.contents === null) {
    reportEmpty(log);
    return null;
  }
  if (second !== undefined) {
    log.error(placeAt(second.range[0]), 'a second YAML document begins here', 'Put each document into a file of its own.');
    return null;
  }
  const { explicit, version } = document.directives.yaml;
  if (explicit === true && version !== '1.2') {
    log.error([1, 1], `YAML ${version} reads words and numbers differently and is not supported`, 'Remove the %YAML line.');
    return null;
  }
  return document;
}

interface Anchored {
  readonly node: PlacedNode;
  readonly size: number;
}

/** Turns the nodes of `yaml` into placed ones and resolves the aliases, each in constant time. */
function placeNodes(
  yaml: typeof Yaml,
  document: Yaml.Document.Parsed,
  placeAt: PlaceAt,
  source: string,
  log: ProblemLog,
): PlacedNode {
  const anchors = new Map<string, Anchored | 'open'>();
  const nothing = (at: Place): Anchored => ({ node: { kind: 'scalar', at, value: null, source: '' }, size: 1 });

  const place = (node: Yaml.Node | null, parentAt: Place): Anchored => {
    if (node === null) return nothing(parentAt);
    const offset = node.range?.[0] ?? 0;
    const at = placeAt(offset);
    if (yaml.isAlias(node)) return resolveAlias(node, at);
    if (node.tag !== undefined && !CORE_TAG.test(node.tag)) {
      log.error(placeAt(findTag(source, offset)), `the tag ${quote(node.tag)} is not supported`, 'Write the plain value.');
    }
    const anchor = yaml.isScalar(node) || yaml.isCollection(node) ? node.anchor : undefined;
    if (anchor !== undefined) anchors.set(anchor, 'open');
    const placed = yaml.isMap(node) ? placeMapping(node, at) : yaml.isSeq(node) ? placeSequence(node, at) : placeScalar(node, at);
    if (anchor !== undefined) anchors.set(anchor, placed);
    return placed;
  };

  const resolveAlias = ({ source: name }: Yaml.Alias, at: Place): Anchored => {
    const target = anchors.get(name);
    if (target === undefined) log.error(at, `no anchor &${shorten(name)} stands before this alias`);
    else if (target === 'open') log.error(at, `the alias *${shorten(name)} stands inside what it stands for`);
    else return target;
    return nothing(at);
  };

  const placeScalar = (node: Yaml.Node, at: Place): Anchored => {
    const value = yaml.isScalar(node) ? node.value : null;
    const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    const written = yaml.isScalar(node) ? (node.source ?? '') : '';
    return { node: { kind: 'scalar', at, value: isPlain ? value : null, source: written }, size: 1 };
  };

  const sizes = (parts: readonly Anchored[], at: Place): number => {
    const size = parts.reduce((sum, part) => sum + part.size, 1);
    if (size <= MOST_NODES) return size;
    if (!log.failed) log.error(at, 'with its aliases written out, this would be too large', 'Use fewer aliases inside what other aliases stand for.');
    return MOST_NODES;
  };

  const placeSequence = (node: Yaml.YAMLSeq, at: Place): Anchored => {
    const items = node.items.map((item) => place(yaml.isNode(item) ? item : null, at));
    return { node: { kind: 'sequence', at, items: items.map((item) => item.node) }, size: sizes(items, at) };
  };

  const placeMapping = (node: Yaml.YAMLMap, at: Place): Anchored => {
    const entries: PlacedEntry[] = [];
    const values: Anchored[] = [];
    const firstPlaces = new Map<string, Place>();
    for (const pair of node.items) {
      const key = yaml.isNode(pair.key) ? readKey(place(pair.key, at).node, placeAt(pair.key.range?.[0] ?? 0), log) : null;
      const value = place(yaml.isNode(pair.value) ? pair.value : null, key?.at ?? at);
      if (key === null) continue;
      const first = firstPlaces.get(key.name);
      if (first !== undefined) {
        log.error(key.at, `the key ${quote(key.name)} is there twice`, `It stands in line ${first[0]} already.`);
        continue;
      }
      firstPlaces.set(key.name, key.at);
      entries.push({ key: key.name, keyAt: key.at, value: value.node });
      values.push(value);
    }
    return { node: { kind: 'mapping', at, entries }, size: sizes(values, at) };
  };

  return place(document.contents, [1, 1]).node;
}

/** The name of a key; null, and a problem, for anything but a word written where the key is (an alias stands elsewhere). */
function readKey(node: PlacedNode, at: Place, log: ProblemLog): { name: string; at: Place } | null {
  if (node.kind !== 'scalar' || node.at[0] !== at[0] || node.at[1] !== at[1]) {
    log.error(at, 'a key must be a plain word');
    return null;
  }
  if (node.source === '<<' && node.value === '<<') {
    log.error(at, 'merge keys (<<) are not part of YAML 1.2', 'Write the fields out, or share whole values with anchors.');
    return null;
  }
  return { name: keyName(node), at };
}

/** A key that YAML reads as a number or a truth value keeps the name it was written with. */
function keyName({ value, source }: PlacedScalar): string {
  return typeof value === 'string' ? value : source;
}

/** A node's range begins behind its tag. */
function findTag(source: string, nodeOffset: number): number {
  let offset = source.lastIndexOf('!', nodeOffset);
  while (source[offset - 1] === '!') offset--;
  return Math.max(offset, 0);
}

/** Line and column of an offset. The line counter of `yaml` misses breaks where it recovers from an error. */
type PlaceAt = (offset: number) => Place;

function indexLines(source: string): PlaceAt {
  const starts = [0];
  for (let end = source.indexOf('\n'); end !== -1; end = source.indexOf('\n', end + 1)) starts.push(end + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return [low + 1, Math.min(offset, source.length) - (starts[low] ?? 0) + 1];
  };
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0] ?? '';
}
