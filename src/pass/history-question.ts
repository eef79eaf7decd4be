import { PortreeveError } from '../model/errors.ts';
import { PROTOCOLS } from '../model/socket.ts';
import { nearestWord } from '../model/spelling.ts';
import { cleanText } from '../model/untrusted-text.ts';

/** Of these, whoever has a port. */
const WITH_PORTS = PROTOCOLS.filter((protocol) => protocol !== 'raw');
const HIGHEST_PORT = 65_535;

/**
 * Reads `PORT` or `PORT/PROTOCOL`.
 * @throws PortreeveError `usage`
 */
export function readPlace(text: string): { readonly port: number; readonly protocol: string | null } {
  const [, digits, word] = /^(\d{1,5})(?:\/([A-Za-z]{1,10}))?$/.exec(text) ?? [];
  const port = Number(digits ?? NaN);
  if (!(port <= HIGHEST_PORT)) throw new PortreeveError('usage', `${quote(text)} is not a port`, { hint: `write a number from 0 to ${HIGHEST_PORT} (1302), and behind it /tcp or /udp for one protocol` });
  if (word === undefined) return { port, protocol: null };
  const protocol = WITH_PORTS.find((known) => known === word.toLowerCase());
  if (protocol !== undefined) return { port, protocol };
  const meant = nearestWord(word, WITH_PORTS);
  throw new PortreeveError('usage', `${quote(word)} is not a protocol with ports`, { hint: meant === null ? `one of ${WITH_PORTS.join(', ')}` : `did you mean ${port}/${meant}?` });
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const AGO = /^([1-9]\d{0,5})([smhdw])$/;
const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?Z?)?$/;

/**
 * Reads a moment: an age (`7d`), or a day or a time in UTC, as every output has it (`2026-11-20`, `2026-11-20T06:12`).
 * @throws PortreeveError `usage`
 */
export function readMoment(text: string, now: Date): string {
  const [, amount, unit] = AGO.exec(text) ?? [];
  if (unit !== undefined) return new Date(now.getTime() - Number(amount) * (UNIT_MS[unit] ?? 0)).toISOString();
  if (MOMENT.test(text)) {
    const iso = text.length === 10 ? `${text}T00:00Z` : `${text.replace(' ', 'T').replace(/Z$/, '')}Z`;
    const moment = new Date(iso);
    // A day that the calendar lacks (30 February) is read as another one.
    if (!Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text.slice(0, 10))) return moment.toISOString();
  }
  throw new PortreeveError('usage', `${quote(text)} is not a time`, { hint: 'write an age like 12h or 7d (units s, m, h, d, w), a day like 2026-11-20, or a time in UTC like 2026-11-20T06:12' });
}

function quote(text: string): string {
  return `"${cleanText(text.length > 60 ? `${text.slice(0, 60)}...` : text)}"`;
}
