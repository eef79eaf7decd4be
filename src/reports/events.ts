import { EVENT_KINDS, type PortreeveEvent } from '../model/event.ts';
import { SEVERITIES } from '../model/severity.ts';
import { cleanText } from '../model/untrusted-text.ts';
import { formatJson } from '../model/ascii-json.ts';
import { secondLabel } from './moments.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import { symbols } from './wording.ts';

export function renderEventJson(event: PortreeveEvent): string {
  return `${formatJson(event)}\n`;
}

const widest = (words: readonly string[]): number => Math.max(...words.map(({ length }) => length));
const SEVERITY_COLUMNS = widest(SEVERITIES);
const KIND_COLUMNS = widest(EVENT_KINDS);
/** A message is bounded where it is made; one from elsewhere is cut before it floods a terminal. */
const LONGEST_MESSAGE = 1000;

/**
 * An event on one line, as it happens: when, how bad, what kind, and the message. Not wrapped nor cut to the width: a
 * terminal breaks it where it must, and who copies or greps it gets it whole. Records, which are no alerts, are faint.
 */
export function renderEvent({ time, severity, kind, audience, message }: PortreeveEvent, options: TextOptions): string {
  // Whoever made the message cleaned what processes had chosen; it is made harmless again, and not escaped twice.
  const text = message.length > LONGEST_MESSAGE ? message.slice(0, LONGEST_MESSAGE) + symbols(options).ellipsis : message;
  const shown = cleanText(text, { ascii: options.ascii, again: true });
  const head = `${cleanText(secondLabel(time), options)}  ${severity.padEnd(SEVERITY_COLUMNS)}  ${kind.padEnd(KIND_COLUMNS)}  `;
  return audience === 'record' ? `${paint(head + shown, 'faint', options.colour)}\n` : `${paint(head, severity, options.colour)}${shown}\n`;
}
