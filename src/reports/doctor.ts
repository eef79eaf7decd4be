import type { CheckState, DoctorCheck, DoctorReport } from '../model/doctor.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { paint, type Style } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { count, showText } from './wording.ts';
import { wrapText } from './wrap.ts';

export function renderDoctorJson(report: DoctorReport): string {
  return `${formatJson(report, 2)}\n`;
}

const WORDS: Readonly<Record<CheckState, string>> = { 'ok': 'ok', 'limited': 'limited', 'missing': 'MISSING', 'not-applicable': '-' };
const STYLES: Readonly<Record<CheckState, Style | null>> = { 'ok': null, 'limited': 'warning', 'missing': 'error', 'not-applicable': 'faint' };
const STATE_COLUMNS = 9;
const NAME_COLUMNS = 20;
const LONGEST_SHOWN = 2048;
/** Below this the names stand on lines of their own. */
const NARROW = 60;

/** Every check on a line, and below those that lack something what that costs and what mends it. */
export function* renderDoctor(report: DoctorReport, options: TextOptions): Generator<string> {
  const { host, version, checks, ready } = report;
  const title = `portreeve ${showText(version, options)} on ${showText(host.name, options)}, ${showText(host.os, options)} ${showText(host.kernel, options)}`;
  for (const line of wrapText(title, options.columns)) yield `${paint(line, 'bold', options.colour)}\n`;
  yield '\n';
  for (const check of checks) for (const line of checkLines(check, options)) yield `${line}\n`;
  const missing = checks.filter(({ state }) => state === 'missing').length;
  const limited = checks.filter(({ state }) => state === 'limited').length;
  const verdict = ready ? 'A complete audit can be made here' : 'No complete audit can be made here';
  const lacks = [...(missing > 0 ? [`${missing} missing`] : []), ...(limited > 0 ? [`${limited} limited`] : [])];
  const text = `${verdict}: of ${count(checks.length, 'check')}, ${lacks.length === 0 ? 'none lacks anything' : lacks.join(', ')}.`;
  yield '\n';
  for (const line of wrapText(text, options.columns)) yield `${paint(line, ready ? 'bold' : 'error', options.colour)}\n`;
}

function checkLines({ name, state, finding, cost, remedy }: DoctorCheck, options: TextOptions): readonly string[] {
  const { columns, colour } = options;
  const narrow = columns < NARROW;
  const head = WORDS[state].padEnd(STATE_COLUMNS) + name.padEnd(NAME_COLUMNS);
  const indent = ' '.repeat(narrow ? 2 : STATE_COLUMNS + NAME_COLUMNS);
  // The names in it were cleaned before, each by the check that found it.
  const show = (text: string): string => cleanText(text.slice(0, LONGEST_SHOWN), { ascii: options.ascii, again: true });
  const found = narrow ? [head.trimEnd(), ...wrapText(show(finding), columns, indent)] : wrapText(show(finding), columns, head, indent);
  const [first = '', ...rest] = found;
  return [
    paint(WORDS[state], STYLES[state], colour) + first.slice(WORDS[state].length),
    ...rest,
    ...(cost === null ? [] : wrapText(show(cost), columns, `${indent}costs: `, `${indent}       `)),
    ...(remedy === null ? [] : wrapText(show(remedy), columns, `${indent}mend:  `, `${indent}       `)),
  ];
}
