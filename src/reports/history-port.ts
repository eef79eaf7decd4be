import type { PortHistory, Tenure } from '../model/history.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { secondLabel } from './moments.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
/** Of those who had it before. */
const MOST_BEFORE = 5;
/** Of those who have it now, on several addresses. */
const MOST_NOW = 3;

/** When a port first appeared, who holds it, since when, and who held it before: the answer in a sentence or two. */
export function renderPortHistory({ port, protocol, tenures, omitted }: PortHistory, oldest: string | null, options: TextOptions): string[] {
  const { columns, colour } = options;
  const name = protocol === null ? String(port) : `${port}/${word.showText(protocol, options)}`;
  const [first] = tenures;
  if (first === undefined) {
    const reach = oldest === null ? '' : ` since ${showTime(oldest, options)} UTC, when it begins`;
    return wrapText(`Port ${name}: nothing in the event log${reach}.`, columns).map((line) => paint(line, 'bold', colour));
  }
  const holding = tenures.filter(({ until }) => until === null);
  const before = tenures.filter((tenure) => tenure !== first && tenure.until !== null).reverse();
  return [
    ...wrapText([describeFirst(name, first, options), ...describeNow(first, holding, tenures, options)].join(' '), columns).map((line) => paint(line, 'bold', colour)),
    ...before.slice(0, MOST_BEFORE).flatMap((tenure) => wrapText(describeBefore(tenure, options), columns, INDENT, INDENT.repeat(3))),
    ...(before.length + omitted > MOST_BEFORE ? [`${INDENT}and ${before.length - Math.min(before.length, MOST_BEFORE) + omitted} more before that`] : []),
  ];
}

function describeFirst(name: string, first: Tenure, options: TextOptions): string {
  const time = showTime(first.from, options);
  const appeared = first.wasThere ? `was open when portreeve first looked, ${time} UTC,` : `first appeared ${time} UTC,`;
  return `Port ${name} ${appeared} ${heldBy(first, options)}.`;
}

function describeNow(first: Tenure, holding: readonly Tenure[], tenures: readonly Tenure[], options: TextOptions): string[] {
  if (holding.length === 0) {
    const last = tenures.reduce((latest, tenure) => ((tenure.until ?? '') >= (latest.until ?? '') ? tenure : latest));
    const who = last === first ? '' : `, ${ownerOf(last, options)},`;
    return [`Nobody holds it now: the last to do so${who} left ${showTime(last.until ?? last.since, options)}.`];
  }
  const shown = holding.slice(-MOST_NOW).map((tenure) => {
    const again = tenure.openings > 1 ? ` (it came ${tenure.openings} times since ${showTime(tenure.from, options)})` : '';
    if (tenure === first) return tenure.openings > 1 ? `It holds it now, since ${showTime(tenure.since, options)}${again}.` : 'It has held it since.';
    return `Since ${showTime(tenure.since, options)} it is ${heldBy(tenure, options)}${again}.`;
  });
  return [...shown, ...(holding.length > MOST_NOW ? [`${holding.length - MOST_NOW} more hold it on other addresses.`] : [])];
}

function describeBefore(tenure: Tenure, options: TextOptions): string {
  const times = tenure.openings > 1 ? `, ${tenure.openings} times` : '';
  return `${showTime(tenure.from, options)} to ${showTime(tenure.until ?? '', options)}${times}: ${ownerOf(tenure, options)}, ${placeOf(tenure, options)}`;
}

function heldBy(tenure: Tenure, options: TextOptions): string {
  return `held by ${ownerOf(tenure, options)}, ${placeOf(tenure, options)}`;
}

function placeOf({ listener }: Tenure, options: TextOptions): string {
  return `${word.portLabel(listener)} on ${word.addressLabel(listener, options)}`;
}

function ownerOf({ listener }: Tenure, options: TextOptions): string {
  const facts = [
    word.executableLabel(listener, options),
    ...[['user', word.userLabel(listener, options)], ['unit', word.unitLabel(listener, options)]].map(([name, label]) => (label === '-' ? '-' : `${name ?? ''} ${label ?? ''}`)),
  ].filter((label) => label !== '-');
  return `${word.ownerLabel(listener, options)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

/** `2026-11-22 07:47:56`. */
export function showTime(time: string, options: TextOptions): string {
  return cleanText(secondLabel(time).slice(0, 40).replace('T', ' ').replace(/Z$/, ''), options);
}
