import type { RegistryUpdate } from '../model/registry-state.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint } from './paint.ts';
import { countsLabel } from './registry-change-text.ts';
import type { TextOptions } from './text-options.ts';
import { showText } from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';

export function renderRegistryUpdateJson(update: RegistryUpdate): string {
  return `${formatJson(update, 2)}\n`;
}

/** What an update did, for people. */
export function* renderRegistryUpdate(update: RegistryUpdate, options: TextOptions): Generator<string> {
  const { outcome, from, before, after, counts, overridden } = update;
  const show = (text: string): string => showText(text, options);
  const paragraph = (text: string): string[] => wrapText(text, options.columns, INDENT, INDENT.repeat(2));
  const headings: Readonly<Record<RegistryUpdate['outcome'], string>> = {
    'updated': `Registry updated: of ${show(after.updated)}; before, of ${show(before.updated)}`,
    'not-modified': `Not modified: the registry of ${show(after.updated)} stays in force`,
    'rolled-back': `Back at the registry of ${show(after.updated)}; before, of ${show(before.updated)}`,
  };
  const changed = [
    ...paragraph(`changes: ${countsLabel(counts) ?? 'no port has another status or another name'}`),
    ...overridden.flatMap((reason) => paragraph(`forced, although ${show(reason)}`)),
    ...paragraph(`to see them: portreeve registry diff; to go back: portreeve registry update --rollback`),
  ];
  const lines = [
    ...wrapText(headings[outcome], options.columns).map((line) => paint(line, 'bold', options.colour)),
    ...(from === null ? [] : paragraph(`from: ${show(from)}`)),
    ...paragraph(`in force: ${show(after.source)}`),
    ...(outcome === 'not-modified' ? [] : changed),
  ];
  for (const line of lines) yield `${line}\n`;
}

/** One short line on the way: `412 KB of 1124 KB`. */
export function renderProgress(received: number, expected: number | null): string {
  const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1024)} KB`;
  return expected === null ? kilobytes(received) : `${kilobytes(received)} of ${kilobytes(expected)}`;
}
