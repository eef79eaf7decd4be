import type { ConfigCheck, EffectiveValue } from '../model/config-check.ts';
import { cleanText, displayWidth } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint } from './paint.ts';
import { faultLines } from './policy-check.ts';
import type { TextOptions } from './text-options.ts';

/** What `daemon --check-config --format` takes. */
export const CONFIG_CHECK_FORMATS = ['text', 'json'] as const;
export type ConfigCheckFormat = (typeof CONFIG_CHECK_FORMATS)[number];

/** A check of the configuration, in pieces that end in a line break. Whatever the files say, no control character comes out. */
export function renderConfigCheck(check: ConfigCheck, format: ConfigCheckFormat, options: TextOptions): Iterable<string> {
  return format === 'json' ? [`${formatJson(check, 2)}\n`] : renderText(check, options);
}

function* renderText(check: ConfigCheck, options: TextOptions): Generator<string> {
  const { file, policy, registry, values, problems } = check;
  for (const fault of problems) yield `${faultLines(fault, options).join('\n')}\n\n`;
  yield `${verdict(check, options)}\n`;
  yield `configuration: ${file === null ? 'there is no file, so all is at its default' : `${cleanText(file, options)}${values.length === 0 ? '' : `, which sets ${count(values.filter(({ given }) => given).length, 'key')}`}`}\n`;
  if (policy !== null) yield `policy: ${count(policy.rules, 'rule')} and ${count(policy.exceptions, 'exception')} in ${count(policy.files.length, 'file')}\n`;
  if (registry !== null) yield `registry: ${cleanText(registry.source, options)}, updated ${cleanText(registry.updated, options)}\n`;
  if (values.length > 0) yield '\n';
  yield* valueLines(values, options);
}

function verdict({ ok, problems }: ConfigCheck, { colour }: TextOptions): string {
  const of = (level: 'error' | 'warning' | 'notice'): string[] => {
    const found = problems.filter((problem) => problem.level === level).length;
    return found === 0 ? [] : [count(found, level)];
  };
  return [ok ? 'ok' : paint('not usable', 'error', colour), ...of('error'), ...of('warning'), ...of('notice')].join(', ');
}

/** Keys and values in two columns; to those that the file sets, what they are otherwise. */
function valueLines(values: readonly EffectiveValue[], options: TextOptions): string[] {
  const rows = values.map(({ key, value, given, ...rest }) => {
    const note = !given ? '' : rest.default === null ? '(set)' : rest.default === value ? '(set; it is the default)' : `(set; without it ${cleanText(rest.default, options)})`;
    return { key: cleanText(key, options), value: cleanText(value, options), note };
  });
  const width = Math.max(...rows.map(({ key }) => displayWidth(key)), 0);
  return rows.map(({ key, value, note }) => `  ${key}${' '.repeat(width - displayWidth(key))}  ${value}${note === '' ? '' : `  ${paint(note, 'faint', options.colour)}`}\n`);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
