import { cleanText, type CleanOptions } from '../model/untrusted-text.ts';

export type CellValue = string | number | boolean | null;

/**
 * A value as a cell of RFC 4180. Text is cleaned; what is not known is an empty cell. A list is joined by `;`, and a `;`
 * within an item is written `\x3b`.
 */
export function renderCell(value: CellValue | readonly CellValue[], options: CleanOptions): string {
  return quoteCell(formatCell(value, options));
}

function formatCell(value: CellValue | readonly CellValue[], options: CleanOptions): string {
  if (!isList(value)) return formatValue(value, options);
  return value.map((item) => formatValue(item, options).replaceAll(';', '\\x3b')).join(';');
}

function isList(value: CellValue | readonly CellValue[]): value is readonly CellValue[] {
  return Array.isArray(value);
}

/**
 * A spreadsheet runs a cell that starts with one of these as a formula (CWE-1236); an apostrophe makes it text. Items
 * of a list are treated one by one, since a spreadsheet set to split at `;` makes each a cell. The full-width forms
 * count as well: some spreadsheets take them for the same signs.
 */
const FORMULA_START = /^[=+\-@\uff1d\uff0b\uff0d\uff20]/;

function formatValue(value: CellValue, options: CleanOptions): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  const clean = cleanText(value, options);
  return FORMULA_START.test(clean) ? `'${clean}` : clean;
}

function quoteCell(cell: string): string {
  return /[",\n\r]/.test(cell) || cell.startsWith(' ') || cell.endsWith(' ') ? `"${cell.replaceAll('"', '""')}"` : cell;
}
