import { PortreeveError } from '../model/errors.ts';
import { isCalendarDate } from '../policy/calendar-date.ts';
import { localDate } from './policy.ts';

const DAYS: Readonly<Record<string, number>> = { d: 1, w: 7 };
/** Ten years: later is as good as never, and says so less plainly. */
const MOST_DAYS = 3653;

/**
 * The last day of an exception, YYYY-MM-DD in the host's zone: a date, or days or weeks from now (`90d`, `12w`).
 * @throws PortreeveError `usage`
 */
export function readExpiry(text: string, now: Date): string {
  const span = /^([1-9][0-9]{0,3})([dw])$/.exec(text);
  if (span !== null) {
    const days = Number(span[1]) * (DAYS[span[2] ?? ''] ?? 1);
    if (days <= MOST_DAYS) return localDate(new Date(now.getFullYear(), now.getMonth(), now.getDate() + days));
  } else if (isCalendarDate(text) && text >= localDate(now)) {
    return text;
  }
  const said = isCalendarDate(text) ? `${text} is over` : 'this is no time for an exception to end';
  throw new PortreeveError('usage', said, { hint: 'write a number of days (90d) or weeks (12w), at most ten years, or a date to come, like 2027-06-30' });
}
