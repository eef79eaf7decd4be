import { displayWidth, takeColumns } from '../model/untrusted-text.ts';

/**
 * Breaks cleaned text at spaces into lines of at most so many columns. The first line starts with `first`, the others
 * with `rest` (the same by default); both count. A word longer than a line is cut. Never gives a line that is blank
 * but for its indent, and gives none for text without words.
 */
export function wrapText(text: string, columns: number, first = '', rest = first): string[] {
  const lines: string[] = [];
  let line = '';
  let width = 0;
  const indent = (): string => (lines.length === 0 ? first : rest);
  const room = (): number => Math.max(columns - displayWidth(indent()), 2);
  const flush = (): void => {
    lines.push(indent() + line);
    line = '';
    width = 0;
  };

  for (let word of text.split(' ')) {
    if (word === '') continue;
    let wordWidth = displayWidth(word);
    if (width > 0 && width + 1 + wordWidth > room()) flush();
    while (wordWidth > room()) {
      line = takeColumns(word, room());
      word = word.slice(line.length);
      wordWidth = displayWidth(word);
      flush();
    }
    if (word === '') continue;
    line += width > 0 ? ` ${word}` : word;
    width += (width > 0 ? 1 : 0) + wordWidth;
  }
  if (width > 0) flush();
  return lines;
}
