import { randomBytes } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { EventDraft, PortreeveEvent } from '../model/event.ts';

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** An event that no event log knows, for a test of a sink or a report sent by itself: its sequence is 0. */
export function inventEvent(draft: EventDraft, host: string, clock: Clock): PortreeveEvent {
  const now = clock.now();
  return { schema: 'portreeve/event/v1', id: inventId(now.getTime()), sequence: 0, time: now.toISOString(), host, ...draft };
}

/** In the form of the event log's ids (a ULID): ten digits of milliseconds and sixteen random ones. */
function inventId(milliseconds: number): string {
  let time = '';
  for (let rest = Math.max(0, milliseconds), digit = 0; digit < 10; digit++) {
    time = (DIGITS[rest % 32] ?? '0') + time;
    rest = Math.floor(rest / 32);
  }
  return time + Array.from(randomBytes(16), (byte) => DIGITS[byte % 32] ?? '0').join('');
}
