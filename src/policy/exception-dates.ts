import type { Problem } from '../model/errors.ts';
import type { ExceptionDocument } from './document.ts';
import { problemAt } from './problem-at.ts';

/** From so many days before its end an exception is a notice in each audit. */
const NOTICE_DAYS = 14;
const MS_PER_DAY = 86_400_000;

/** Days from `today` to the day on whose end the exception stops: 0 on its last day, negative afterwards. Null: it never does. */
export function daysLeft({ expires }: Pick<ExceptionDocument, 'expires'>, today: string): number | null {
  // Dates alone, taken as UTC: no day is an hour shorter there.
  return expires === null ? null : Math.round((Date.parse(expires.date) - Date.parse(today)) / MS_PER_DAY);
}

/** An exception that has expired, or will within a fortnight; null where there is nothing to say. */
export function describeExpiry(exception: ExceptionDocument, file: string, today: string): Problem | null {
  const days = daysLeft(exception, today);
  if (exception.expires === null || days === null || days > NOTICE_DAYS) return null;
  const { date, at } = exception.expires;
  if (days < 0) {
    return problemAt(file, at, 'warning', 'exception-expired', `the exception "${exception.id}" expired at the end of ${date} and silences nothing`, 'Look at its listener again: renew the date, or remove the exception.');
  }
  const when = days === 0 ? 'today' : days === 1 ? 'tomorrow' : `in ${days} days`;
  return problemAt(file, at, 'notice', 'exception-expires-soon', `the exception "${exception.id}" expires ${when}, at the end of ${date}`, 'Look at its listener again: renew the date, or see to it that it is gone by then.');
}

/** What stands where a reason is still to be written. */
const PLACEHOLDER = /^(?:todo|fixme|tbd|xxx)\b/iu;

/** Letters and digits beyond ASCII are looked for only where there are no others: their sets take a millisecond to make. */
function hasWords(text: string): boolean {
  return /[a-z0-9]/i.test(text) || /[\p{L}\p{N}]/u.test(text);
}

/** An exception without a reason yet, as a baseline leaves it; null where it has one. */
export function describeMissingReason({ id, at, reason }: ExceptionDocument, file: string): Problem | null {
  if (hasWords(reason) && !PLACEHOLDER.test(reason)) return null;
  return problemAt(file, at, 'warning', 'exception-todo', `the exception "${id}" has no reason yet`, 'Say why this listener is all right: who needs it, and who knows of it.');
}
