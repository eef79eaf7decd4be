import type { AuditedListener } from '../model/audit.ts';
import type { Difference } from '../model/audit-change.ts';
import type { EventAudience, EventDraft } from '../model/event.ts';
import { flappingUntil, type Alert, type Book, type Place } from './book.ts';
import type { ExceptionNotice } from './exceptions.ts';
import type { FoldedRecord } from './fold.ts';
import type { StormReport } from './storm.ts';
import { summarizeAlert } from './summary.ts';
import { wordChanged, wordClosed, wordException, wordListening, wordOpened, wordReminder, wordReminders, wordResolved, wordStorm, wordTransient, wordTurns } from './wording.ts';

/** The events of the alerts, each in one place. What replaying needs and nothing else tells is in `detail`. */

const BARE = { alert: null, listener: null, differences: [], detail: {} } as const;

export function draftOpened(book: Book, alert: Alert, audience: EventAudience): EventDraft {
  const { spoken: listener, severity } = alert;
  const atStart = [...alert.places].every((place) => place.atStart);
  const isFlapping = flappingUntil(book, alert.key) !== null;
  const flapping = isFlapping ? { openings: alert.openings, within: book.config.flapping.within } : null;
  const message = wordOpened(listener, { listeners: alert.places.size, atStart, flapping });
  const since = [...alert.places].reduce((earliest, place) => Math.min(earliest, place.since), Infinity);
  return { ...BARE, kind: 'opened', audience, severity, message, alert: summarizeAlert(alert), listener, detail: { ...detailOf(book, alert), since: wallTime(book, since), ...(atStart ? { atStart } : {}) } };
}

export function draftChanged(book: Book, alert: Alert, differences: readonly Difference[], audience: EventAudience): EventDraft {
  const { spoken: listener, severity } = alert;
  return { kind: 'changed', audience, severity, message: wordChanged(listener, differences), alert: summarizeAlert(alert), listener, differences, detail: detailOf(book, alert) };
}

/** Who holds a listener that is no alert, or who is known by now to hold one that is: for the history. */
export function draftOwners(listener: AuditedListener, alert: Alert | null, differences: readonly Difference[]): EventDraft {
  const summary = alert === null ? null : summarizeAlert(alert);
  return { ...BARE, kind: 'changed', audience: 'record', severity: 'info', message: wordChanged(listener, differences), alert: summary, listener, differences, detail: { ownersOnly: true } };
}

export function draftReminder(book: Book, alert: Alert): EventDraft {
  const { spoken: listener, severity, openings } = alert;
  const message = wordReminder(listener, { listeners: alert.places.size, openFor: openFor(book, alert), openings });
  return { ...BARE, kind: 'reminder', audience: 'alert', severity, message, alert: summarizeAlert(alert), listener, detail: detailOf(book, alert) };
}

/** For all reminders that there was no room to tell one by one. */
export function draftReminders(alerts: readonly Alert[], severity: Alert['severity']): EventDraft {
  return { ...BARE, kind: 'reminder', audience: 'alert', severity, message: wordReminders(alerts.length), detail: { count: alerts.length } };
}

/** Who heard of the alert hears of its end. */
export function draftResolved(book: Book, alert: Alert): EventDraft {
  const { spoken: listener, ending, openings, peak, isTold } = alert;
  const message = wordResolved(listener, ending, { openFor: openFor(book, alert), openings });
  return { ...BARE, kind: 'resolved', audience: isTold ? 'alert' : 'record', severity: peak, message, alert: summarizeAlert(alert, ending), listener, detail: { openFor: openFor(book, alert) } };
}

export function draftListening(book: Book, place: Place): EventDraft {
  const { listener, alert, since, atStart } = place;
  const detail = { count: 1, since: wallTime(book, since), ...(atStart ? { atStart } : {}) };
  return { ...BARE, kind: 'listening', audience: 'record', severity: 'info', message: wordListening(listener, 1), alert: alert === null ? null : summarizeAlert(alert), listener, detail };
}

export function draftClosed(listener: AuditedListener, alert: Alert | null): EventDraft {
  return { ...BARE, kind: 'closed', audience: 'record', severity: 'info', message: wordClosed(listener, 1), alert: alert === null ? null : summarizeAlert(alert), listener, detail: { count: 1 } };
}

/** `folded` says that the count is of several listeners, of which the last is shown. */
export function draftFolded({ kind, listener, count, livedMs }: FoldedRecord, within: number): EventDraft {
  if (kind === 'transient') return draftTransient(listener, { count, livedMs, within, reason: null, total: count, audience: 'record' });
  const message = { listening: wordListening, closed: wordClosed, changed: wordTurns }[kind](listener, count);
  return { ...BARE, kind, audience: 'record', severity: 'info', message, listener, detail: { count, folded: true } };
}

export function draftTransient(
  listener: AuditedListener,
  { count, livedMs, within, reason, total, audience }: { readonly count: number; readonly livedMs: number | null; readonly within: number; readonly reason: 'grave' | 'repeated' | null; readonly total: number; readonly audience: EventAudience },
): EventDraft {
  const severity = listener.findings.find(({ excepted }) => excepted === null)?.severity ?? 'info';
  const message = wordTransient(listener, { count, livedMs, total: reason === 'repeated' ? total : null, within });
  return { ...BARE, kind: 'transient', audience, severity, message, listener, detail: { count, livedMs: livedMs === null ? null : Math.round(livedMs * 1000) / 1000, ...(reason === null ? {} : { reason, total }) } };
}

export function draftStorm(report: StormReport, within: number): EventDraft {
  const { count, total, worst, rules, programs, untracked } = report;
  const list = (names: StormReport['rules']): string => names.map(([name, number]) => `${name} ${number}`).join(', ');
  return { ...BARE, kind: 'storm', audience: 'alert', severity: worst, message: wordStorm(report, within), detail: { count, total, untracked, rules: list(rules), programs: list(programs) } };
}

export function draftException(notice: ExceptionNotice): EventDraft {
  const { stage, standing } = notice;
  const { id, expires, daysLeft, unusedDays, owner } = standing;
  return { ...BARE, kind: 'exception', audience: 'alert', severity: stage === 'expired' ? 'warning' : 'notice', message: wordException(notice), detail: { exception: id, stage, expires, daysLeft, unusedDays, owner } };
}

function detailOf(book: Book, alert: Alert): EventDraft['detail'] {
  return { rules: [...alert.rules].join(' '), listeners: alert.places.size, ...(flappingUntil(book, alert.key) === null ? {} : { flapping: true }) };
}

/** Milliseconds. */
function openFor({ clock }: Book, { since }: Alert): number {
  return Math.max(0, Math.round(clock.steady() - since));
}

function wallTime({ clock }: Book, steady: number): string {
  return new Date(clock.now().getTime() - (clock.steady() - steady)).toISOString();
}
