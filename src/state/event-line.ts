import { formatJson } from '../model/ascii-json.ts';
import type { AuditedListener } from '../model/audit.ts';
import type { PortreeveEvent } from '../model/event.ts';
import { isEvent } from './event-shape.ts';

/** Characters of one line, its end included. A longer event is cut to fit; a longer line is none of ours. */
export const MOST_LINE = 1 << 20;

export interface EventLine {
  readonly event: PortreeveEvent;
  /** ASCII, with the line end. */
  readonly line: string;
}

/**
 * An event as a line of JSON. In ASCII, so that `tail -f` shows no control sequence that a process put into its name.
 * What is too long for a line is cut, least important first, and `detail.cut` says down to what: a listener can have
 * thousands of owners, each with a command line of two megabytes.
 */
export function formatEventLine(event: PortreeveEvent): EventLine {
  for (const cut of [(whole: PortreeveEvent) => whole, cutOwners, cutListener]) {
    const candidate = cut(event);
    const line = `${formatJson(candidate)}\n`;
    if (line.length <= MOST_LINE) return { event: candidate, line };
  }
  const { schema, id, sequence, time, host, kind, audience, severity } = event;
  const least: PortreeveEvent = { schema, id, sequence, time, host: host.slice(0, 255), kind, audience, severity, message: event.message.slice(0, 1000), alert: null, listener: null, differences: [], detail: { cut: 'all' } };
  return { event: least, line: `${formatJson(least)}\n` };
}

function cutOwners(event: PortreeveEvent): PortreeveEvent {
  return { ...event, listener: event.listener === null ? null : cutOwnersOf(event.listener), detail: { ...event.detail, cut: 'owners' } };
}

function cutOwnersOf(listener: AuditedListener): AuditedListener {
  const owners = listener.owners.slice(0, 50).map((owner) => ({ ...owner, commandLine: owner.commandLine?.slice(0, 16).map((argument) => argument.slice(0, 64)) ?? null }));
  return { ...listener, owners, ...(listener.trials === undefined ? {} : { trials: [] }) };
}

function cutListener(event: PortreeveEvent): PortreeveEvent {
  return { ...event, listener: null, differences: [], detail: { cut: 'listener' } };
}

/** How every line that this version writes begins; the sequence is found without parsing the rest. */
const HEAD = /^\{"schema":"portreeve\/event\/v1","id":"[0-9A-Z]{26}","sequence":(\d{1,15}),"time":/;

/** The sequence of a line, or null where it is not one as this version writes it (it may still be an event). */
export function sequenceOfLine(line: string): number | null {
  const digits = HEAD.exec(line)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The event of a line (without its end), or null where it is none. */
export function parseEventLine(line: string): PortreeveEvent | null {
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : null;
  } catch {
    return null;
  }
}
