import type { PolicyCheck, PolicyFault } from '../model/policy-check.ts';
import { excerptLine } from '../model/source-excerpt.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint, type Style } from './paint.ts';
import type { TextOptions } from './text-options.ts';

/** What `policy check --format` takes. */
export const CHECK_FORMATS = ['text', 'json', 'compact'] as const;
export type CheckFormat = (typeof CHECK_FORMATS)[number];

/** A check of policy files, in pieces that end in a line break. Whatever the files say, no control character comes out. */
export function renderPolicyCheck(check: PolicyCheck, format: CheckFormat, options: TextOptions): Iterable<string> {
  switch (format) {
    case 'json':
      return [`${formatJson(check, 2)}\n`];
    case 'compact':
      return check.problems.map((fault) => `${compactLine(fault, options)}\n`);
    case 'text':
      return renderText(check, options);
  }
}

function* renderText(check: PolicyCheck, options: TextOptions): Generator<string> {
  for (const fault of check.problems) yield `${faultLines(fault, options).join('\n')}\n\n`;
  yield `${summarize(check)}\n`;
}

/** `file:line:column: level: message [code]`, the form that compilers gave editors and CI to read. */
function compactLine(fault: PolicyFault, options: TextOptions): string {
  return `${place(fault, options)}: ${fault.level}: ${cleanText(fault.message, options)} [${fault.code}]`;
}

/** A problem for a person: its place and what is wrong, the line with a caret below it, the hint. */
export function faultLines(fault: PolicyFault, options: TextOptions): string[] {
  const { level, message, hint, source, position, code } = fault;
  const style: Style = level;
  return [
    `${place(fault, options)}: ${paint(level, style, options.colour)}: ${cleanText(message, options)} ${paint(`[${code}]`, 'faint', options.colour)}`,
    ...(source === null || source.trim() === '' ? [] : excerptLine(source, position.column ?? 1, options).map((line) => `    ${line}`)),
    ...(hint === null ? [] : [`    ${cleanText(hint, options)}`]),
  ];
}

function place({ position: { file, line, column } }: PolicyFault, options: TextOptions): string {
  // An editor needs a line to jump to.
  return `${cleanText(file, options)}:${line ?? 1}:${column ?? 1}`;
}

function summarize({ files, rules, exceptions, overrides, problems }: PolicyCheck): string {
  const read = `${count(files.length, 'file')} with ${[count(rules, 'rule'), count(exceptions, 'exception'), count(overrides, 'override')].join(', ')}`;
  const of = (level: PolicyFault['level']): number => problems.filter((problem) => problem.level === level).length;
  const found = [...nonZero(of('error'), 'error'), ...nonZero(of('warning'), 'warning'), ...nonZero(of('notice'), 'notice')];
  return `${read}: ${found.length === 0 ? 'nothing to complain about' : found.join(', ')}`;
}

function nonZero(number: number, what: string): string[] {
  return number === 0 ? [] : [count(number, what)];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
