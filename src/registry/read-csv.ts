import { invalidRegistry } from './invalid-registry.ts';

/** One record of a CSV file. */
export interface CsvRow {
  /** Line of the file, from 1, on which the record starts: a quoted cell may hold line breaks. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Far above the registry's 12: what has more is another kind of file, and may be one made to exhaust memory. */
const MAX_COLUMNS = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The records of a CSV text, one by one (RFC 4180, section 2), strictly: a quote inside an unquoted cell, text behind
 * a closing quote, a bare carriage return, and an end without a line break are errors, for they are how a damaged or
 * cut file looks. Lines end in LF or CRLF; a byte order mark at the start is passed over.
 *
 * Linear in the length of the text. It throws only when it comes to the fault: use nothing before it has ended.
 * @throws PortreeveError `registry-invalid`, with `file` and the line
 */
export function* readCsvRows(text: string, file: string): Generator<CsvRow> {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  let line = 1;
  while (at < text.length) {
    const cells: string[] = [];
    const startLine = line;
    for (let more = true; more; ) {
      if (cells.length === MAX_COLUMNS) throw invalidRegistry(file, startLine, `more than ${MAX_COLUMNS} columns`);
      const quoted = text.charCodeAt(at) === QUOTE;
      const end = quoted ? endOfQuotedCell(text, at, file, line) : endOfPlainCell(text, at, file, line);
      const cell = quoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end);
      cells.push(cell);
      if (quoted) line += countLineFeeds(cell);
      const next = text.charCodeAt(end);
      more = next === COMMA;
      at = end + 1;
      if (next === CR && text.charCodeAt(at) === LF) at += 1;
      else if (!more && next !== LF) throw afterCell(text, end, file, line);
    }
    line += 1;
    yield { line: startLine, cells };
  }
}

/** Position behind the closing quote of the cell that opens at `start`. */
function endOfQuotedCell(text: string, start: number, file: string, line: number): number {
  for (let at = start + 1; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1) throw invalidRegistry(file, line, 'a quoted cell that starts here never ends: the file is cut or damaged');
    if (text.charCodeAt(at + 1) !== QUOTE) return at + 1;
  }
}

function endOfPlainCell(text: string, start: number, file: string, line: number): number {
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === LF || code === CR) return at;
    if (code === QUOTE) throw invalidRegistry(file, line, 'a quote inside a cell that does not start with one');
  }
  return text.length;
}

function afterCell(text: string, end: number, file: string, line: number): Error {
  const cutLineEnd = text.charCodeAt(end) === CR && end + 1 === text.length;
  if (end >= text.length || cutLineEnd) return invalidRegistry(file, line, 'the last line does not end in a line break: the file is cut');
  if (text.charCodeAt(end) === CR) return invalidRegistry(file, line, 'a carriage return that no line feed follows');
  return invalidRegistry(file, line, 'text behind the closing quote of a cell');
}

function countLineFeeds(cell: string): number {
  let count = 0;
  for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count += 1;
  return count;
}
