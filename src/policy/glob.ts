/**
 * Patterns for paths and names. `*` any characters but `/` (a leading dot too, so that no one hides behind it), `**` any
 * characters, `**` as a whole segment any number of directories, also none; `?` one character but `/`; `[abc]`, `[a-z]`,
 * `[!abc]`; `{one,other}`; `\` takes the next character as it is. Case matters. The whole text must match.
 *
 * A pattern becomes a state machine whose states are all followed at once (Thompson, 1968), so matching takes time
 * proportional to pattern times text whatever the pattern: there is no backtracking to blow up.
 */
export type TextTest = (text: string) => boolean;

/** In UTF-16 units. */
export const LONGEST_PATTERN = 512;
const DEEPEST_BRACES = 8;
/** A host runs some hundred executables behind thousands of listeners: an answer is asked for again and again. */
const MOST_ANSWERS = 2048;
const SPECIAL = /[*?[{\\]/;

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'one' | 'star' | 'globstar' | 'directories' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [from: string, to: string])[] }
  | { readonly kind: 'choice'; readonly branches: readonly (readonly Part[])[] };

/** What is wrong with a pattern, or null. */
export function checkGlob(pattern: string): string | null {
  const parsed = parseGlob(pattern);
  return typeof parsed === 'string' ? parsed : null;
}

/**
 * A test for "any of these patterns". Most patterns of real policies are a path or `**` and a name: those take one look
 * into a set. Nothing is built before the first text comes.
 * @throws RangeError (at the first text) where a pattern is not one that `checkGlob` passes
 */
export function compileGlobs(patterns: readonly string[]): TextTest {
  const key = patterns.join('\0');
  const compiled = compiledGlobs.get(key) ?? compileAnew(patterns);
  if (compiledGlobs.size >= MOST_COMPILED) compiledGlobs.clear();
  compiledGlobs.set(key, compiled);
  return compiled;
}

/** Rules share lists of patterns (places for temporary files, homes): what one of them asked need not be found out again. */
const compiledGlobs = new Map<string, TextTest>();
const MOST_COMPILED = 1000;

function compileAnew(patterns: readonly string[]): TextTest {
  let test: TextTest | null = null;
  const answers = new Map<string, boolean>();
  return (text) => {
    const known = answers.get(text);
    if (known !== undefined) return known;
    test ??= buildTest(patterns);
    if (answers.size >= MOST_ANSWERS) answers.clear();
    const answer = test(text);
    answers.set(text, answer);
    return answer;
  };
}

function buildTest(patterns: readonly string[]): TextTest {
  const texts = new Set<string>();
  const names = new Set<string>();
  const machines: TextTest[] = [];
  for (const pattern of patterns) {
    const name = pattern.slice(3);
    if (!SPECIAL.test(pattern)) texts.add(pattern);
    else if (pattern.startsWith('**/') && !SPECIAL.test(name) && !name.includes('/')) names.add(name);
    else machines.push(buildMachine(pattern));
  }
  return (text) =>
    texts.has(text) ||
    (names.size > 0 && names.has(text.slice(text.lastIndexOf('/') + 1))) ||
    machines.some((matches) => matches(text));
}

function buildMachine(pattern: string): TextTest {
  const parts = parseGlob(pattern);
  if (typeof parts === 'string') throw new RangeError(`${pattern}: ${parts}`);
  // Fixed text rules most texts out before the machine runs: at either end, and in between in this order.
  const first = parts[0];
  const last = parts[parts.length - 1];
  const start = first?.kind === 'text' ? first.text : '';
  const end = last?.kind === 'text' ? last.text : '';
  const pieces = parts.flatMap((part) => (part.kind === 'text' ? [part.text] : []));
  const states: State[] = [];
  const entry = addParts(states, parts, addState(states, { kind: 'end' }));
  return (text) => text.startsWith(start) && text.endsWith(end) && holdsInOrder(text, pieces) && runMachine(states, entry, text);
}

/** One search from left to right: each piece is looked for behind the one before. */
function holdsInOrder(text: string, pieces: readonly string[]): boolean {
  let from = 0;
  for (const piece of pieces) {
    const at = text.indexOf(piece, from);
    if (at === -1) return false;
    from = at + piece.length;
  }
  return true;
}

/** The parts of a pattern, or what is wrong with it. */
function parseGlob(pattern: string): readonly Part[] | string {
  if (pattern === '') return 'an empty pattern matches nothing';
  if (pattern.length > LONGEST_PATTERN) return `a pattern has at most ${LONGEST_PATTERN} characters`;
  const reader = { characters: Array.from(pattern), at: 0 };
  return parseParts(reader, 0);
}

interface Reader {
  readonly characters: readonly string[];
  at: number;
}

/** Reads up to the end, or inside braces up to the `,` or `}` that ends the branch. */
function parseParts(reader: Reader, depth: number): Part[] | string {
  const { characters } = reader;
  const parts: Part[] = [];
  let text = '';
  const endText = (): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
  };
  for (let character = characters[reader.at]; character !== undefined; character = characters[reader.at]) {
    if (depth > 0 && (character === ',' || character === '}')) break;
    const before = characters[reader.at - 1];
    reader.at++;
    if (character === '\\') {
      const escaped = characters[reader.at++];
      if (escaped === undefined) return 'a backslash at the end escapes nothing';
      text += escaped;
      continue;
    }
    if (character !== '?' && character !== '*' && character !== '[' && character !== '{') {
      text += character;
      continue;
    }
    endText();
    if (character === '?') {
      parts.push({ kind: 'one' });
    } else if (character === '*') {
      parts.push({ kind: parseStars(reader, before) });
    } else {
      const part = character === '[' ? parseClass(reader) : parseChoice(reader, depth + 1);
      if (typeof part === 'string') return part;
      parts.push(part);
    }
  }
  endText();
  return parts;
}

function parseStars(reader: Reader, before: string | undefined): 'star' | 'globstar' | 'directories' {
  const { characters } = reader;
  if (characters[reader.at] !== '*') return 'star';
  while (characters[reader.at] === '*') reader.at++;
  if ((before !== undefined && before !== '/') || characters[reader.at] !== '/') return 'globstar';
  reader.at++;
  return 'directories';
}

function parseClass(reader: Reader): Part | string {
  const { characters } = reader;
  const negated = characters[reader.at] === '!' || characters[reader.at] === '^';
  if (negated) reader.at++;
  const ranges: [string, string][] = [];
  // As in glob(7): a ] that comes first stands for itself.
  for (let first = true; first || characters[reader.at] !== ']'; first = false) {
    const from = readClassMember(reader);
    if (from === null) return 'the [ has no ] that ends it';
    const following = characters[reader.at + 1];
    if (characters[reader.at] !== '-' || following === undefined || following === ']') {
      ranges.push([from, from]);
      continue;
    }
    reader.at++;
    const to = readClassMember(reader);
    if (to === null) return 'the [ has no ] that ends it';
    if (codeOf(to) < codeOf(from)) return `the range ${from}-${to} is the wrong way round`;
    ranges.push([from, to]);
  }
  reader.at++;
  return { kind: 'class', negated, ranges };
}

function readClassMember(reader: Reader): string | null {
  if (reader.characters[reader.at] === '\\') reader.at++;
  return reader.characters[reader.at++] ?? null;
}

function parseChoice(reader: Reader, depth: number): Part | string {
  if (depth > DEEPEST_BRACES) return `braces nest at most ${DEEPEST_BRACES} deep`;
  const branches: (readonly Part[])[] = [];
  for (;;) {
    const branch = parseParts(reader, depth);
    if (typeof branch === 'string') return branch;
    branches.push(branch);
    const end = reader.characters[reader.at++];
    if (end === undefined) return 'the { has no } that ends it';
    if (end === '}') break;
  }
  if (branches.length === 1) return 'braces hold two or more alternatives: {one,other}';
  return { kind: 'choice', branches };
}

/** `next` and `other` are indices of states; only a `split` costs no character. */
type State =
  | { readonly kind: 'end' }
  | { readonly kind: 'split'; next: number; readonly other: number }
  | { readonly kind: 'character'; readonly accepts: (character: string) => boolean; readonly next: number };

const acceptsAny = (): boolean => true;
const acceptsInSegment = (character: string): boolean => character !== '/';

function addState(states: State[], state: State): number {
  return states.push(state) - 1;
}

/** Adds the machine of some parts in front of the state `next`; returns where it starts. */
function addParts(states: State[], parts: readonly Part[], next: number): number {
  return parts.reduceRight((following, part) => addPart(states, part, following), next);
}

function addPart(states: State[], part: Part, next: number): number {
  switch (part.kind) {
    case 'text':
      return Array.from(part.text).reduceRight(
        (following, wanted) => addState(states, { kind: 'character', accepts: (character) => character === wanted, next: following }),
        next,
      );
    case 'one':
      return addState(states, { kind: 'character', accepts: acceptsInSegment, next });
    case 'class':
      return addState(states, { kind: 'character', accepts: classTest(part.negated, part.ranges), next });
    case 'star':
      return addLoop(states, acceptsInSegment, next);
    case 'globstar':
      return addLoop(states, acceptsAny, next);
    case 'directories': {
      const slash = addState(states, { kind: 'character', accepts: (character) => character === '/', next });
      return addState(states, { kind: 'split', next: addLoop(states, acceptsAny, slash), other: next });
    }
    case 'choice':
      return part.branches
        .map((branch) => addParts(states, branch, next))
        .reduceRight((other, entry) => addState(states, { kind: 'split', next: entry, other }));
  }
}

function addLoop(states: State[], accepts: (character: string) => boolean, next: number): number {
  const split: State = { kind: 'split', next: -1, other: next };
  const entry = addState(states, split);
  split.next = addState(states, { kind: 'character', accepts, next: entry });
  return entry;
}

function classTest(negated: boolean, ranges: readonly (readonly [string, string])[]): (character: string) => boolean {
  const spans = ranges.map(([from, to]) => [codeOf(from), codeOf(to)] as const);
  return (character) => {
    if (character === '/') return false;
    const code = codeOf(character);
    return spans.some(([from, to]) => code >= from && code <= to) !== negated;
  };
}

function runMachine(states: readonly State[], entry: number, text: string): boolean {
  // The number of the step at which a state was last entered: no state is followed twice in one step.
  const enteredAt = new Int32Array(states.length).fill(-1);
  let current: number[] = [];
  let following: number[] = [];
  let step = 0;
  const enter = (index: number, into: number[]): void => {
    if (enteredAt[index] === step) return;
    enteredAt[index] = step;
    const state = states[index];
    if (state?.kind !== 'split') {
      into.push(index);
      return;
    }
    enter(state.next, into);
    enter(state.other, into);
  };
  enter(entry, current);
  for (const character of text) {
    step++;
    following.length = 0;
    for (const index of current) {
      const state = states[index];
      if (state?.kind === 'character' && state.accepts(character)) enter(state.next, following);
    }
    if (following.length === 0) return false;
    [current, following] = [following, current];
  }
  return current.some((index) => states[index]?.kind === 'end');
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0;
}
