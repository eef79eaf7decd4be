import { cleanText, displayWidth, takeColumns } from './untrusted-text.ts';

/** A line at fault is shown this wide; a longer one is cut where it still shows the place. */
const WIDEST_EXCERPT = 100;

/** A line of a file, cleaned, and below it a caret under the column (from 1, counted in UTF-16 units, as `yaml` does). */
export function excerptLine(line: string, column: number, options: { readonly ascii?: boolean } = {}): [line: string, caret: string] {
  const from = column > WIDEST_EXCERPT ? column - WIDEST_EXCERPT / 2 : 0;
  const before = cleanText(line.slice(from, column - 1), options);
  const shown = takeColumns(before + cleanText(line.slice(column - 1, column + WIDEST_EXCERPT), options), WIDEST_EXCERPT);
  return [shown, `${' '.repeat(Math.min(displayWidth(before), WIDEST_EXCERPT))}^`];
}
