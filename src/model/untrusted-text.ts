/**
 * Text that a process, a file or another host chose, made fit to be shown. A process may name itself anything: terminal
 * escapes that rewrite the screen, line breaks that forge a row, right-to-left overrides that turn `exe.txt` around,
 * marks that pile up over the lines above.
 */

export interface CleanOptions {
  /**
   * Escape everything outside ASCII. For a terminal whose character set is not UTF-8: there the bytes of a harmless
   * letter can be C1 controls (U+015B is C5 9B, and 9B opens a control sequence in ISO 8859-1).
   */
  readonly ascii?: boolean;
  /**
   * Parts of the text were cleaned before: every backslash stays as it is, so that no escape is escaped again. Just as
   * harmless, but two texts can come out the same.
   */
  readonly again?: boolean;
}

export interface TruncateOptions {
  /** What stands for the part left out. */
  readonly ellipsis?: string;
  /** Which side stays: the start (names), or the end (paths, whose last part tells most). */
  readonly keep?: 'start' | 'end';
}

const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * Invisible, reordering, or without a known shape: controls, formats, surrogates, private use and unassigned (C); every
 * space and separator (Z) but U+0020, which others imitate; what Unicode lets a renderer ignore; the blank Braille cell;
 * and the replacement character, which stands for bytes that were not text.
 */
const HIDDEN = String.raw`(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffd]`;
/** Three marks on one letter are enough for any living script; more, or one with nothing to sit on, is mischief. */
const STRAY_MARK = String.raw`(?<=^|\p{M}{3})\p{M}`;
const NOT_ASCII = String.raw`[^\x20-\x7e]`;

/**
 * What would read as one of the escapes made here. `\x2d` and its like are left alone: no printable ASCII is ever
 * escaped, and systemd's own unit names are full of them.
 */
const LOOKS_ESCAPED = String.raw`\\|[nrt]|x(?:[01][0-9a-f]|7f|[89a-f][0-9a-f])|u[0-9a-f]{4}|u\{[0-9a-f]{1,6}\}`;

/** Nothing hidden can follow a backslash there, and rules quote commands with one. */
const AMBIGUOUS_IN_ASCII = new RegExp(String.raw`\\(?=${LOOKS_ESCAPED})`, 'g');

interface Patterns {
  readonly unsafe: RegExp;
  readonly ambiguousBackslash: RegExp;
}

/** Made when first needed: the sets of Unicode properties cost a millisecond, and most hosts have only ASCII names. */
let patterns: Patterns | null = null;
let patternsForAscii: Patterns | null = null;

function compilePatterns(hidden: string, unsafe: string): Patterns {
  return { unsafe: new RegExp(unsafe, 'gu'), ambiguousBackslash: new RegExp(String.raw`\\(?=${LOOKS_ESCAPED}|${hidden})`, 'gu') };
}

const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([['\n', '\\n'], ['\r', '\\r'], ['\t', '\\t']]);

/**
 * Makes text harmless on a terminal, in a log line and in a table cell, and keeps it recognisable: what does not show
 * itself is written as `\n`, `\r`, `\t`, `\xhh`, `\uhhhh` or `\u{hhhhh}`, a backslash as `\\` only where it could be
 * taken for the start of one of these. No two texts come out the same. The result is one line without any control,
 * format or separator character but the space. Time and output are linear in the input (at most ten characters for
 * one code point).
 */
export function cleanText(text: string, options: CleanOptions = {}): string {
  if (PLAIN.test(text)) return text;
  if (ASCII.test(text)) return options.again === true ? text : text.replace(AMBIGUOUS_IN_ASCII, '\\\\');
  const { unsafe, ambiguousBackslash } =
    options.ascii === true
      ? (patternsForAscii ??= compilePatterns(NOT_ASCII, NOT_ASCII))
      : (patterns ??= compilePatterns(HIDDEN, `${HIDDEN}|${STRAY_MARK}`));
  const unambiguous = options.again === true ? text : text.replace(ambiguousBackslash, '\\\\');
  return unambiguous.replace(unsafe, escapeCharacter);
}

/**
 * Columns that cleaned text takes on a terminal: none for combining marks, two for East Asian wide and full-width
 * characters and for emoji (Unicode Annex 11), one for the rest. In doubt it counts too many, so that a line never
 * runs over; pairs of regional indicators, for one, are counted as two emoji.
 */
export function displayWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Cuts cleaned text to at most so many columns, with an ellipsis where something was left out. */
export function truncate(text: string, columns: number, options: TruncateOptions = {}): string {
  if (displayWidth(text) <= columns) return text;
  const ellipsis = options.ellipsis ?? '…';
  const room = columns - displayWidth(ellipsis);
  if (room < 0) return takeColumns(ellipsis, Math.max(columns, 0));
  return options.keep === 'end' ? ellipsis + takeLastColumns(text, room) : takeColumns(text, room) + ellipsis;
}

/** The longest start of cleaned text that fits into so many columns. */
export function takeColumns(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function takeLastColumns(text: string, columns: number): string {
  let width = 0;
  let start = text.length;
  for (const character of Array.from(text).reverse()) {
    width += characterWidth(character);
    if (width > columns) break;
    start -= character.length;
  }
  // A mark whose letter was cut off would sit on the ellipsis.
  return text.slice(start).replace(/^\p{M}+/u, '');
}

interface Widths {
  readonly zero: RegExp;
  readonly wide: RegExp;
}

/** Made when first needed, as `patterns` is. */
let widths: Widths | null = null;

function compileWidths(): Widths {
  return {
    zero: /^[\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]/u,
    // East_Asian_Width W and F of Unicode's EastAsianWidth.txt, as few blocks rather than its many exact ranges.
    wide: /^[\p{Emoji_Presentation}\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u,
  };
}

function characterWidth(character: string): 0 | 1 | 2 {
  // Below U+0300 nothing is wide, and no mark combines.
  if (character < '\u0300') return 1;
  const { zero, wide } = (widths ??= compileWidths());
  if (zero.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}
