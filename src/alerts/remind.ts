import type { EventDraft } from '../model/event.ts';
import { severityRank, type Severity } from '../model/severity.ts';
import type { Alert, Book } from './book.ts';
import { draftReminder, draftReminders } from './drafts.ts';
import { weighAlert } from './summary.ts';

/**
 * Reminds of the alerts that nothing was told of for long, the gravest first: as many one by one as a storm may tell, and
 * the rest as a number.
 */
export function remindAlerts(book: Book): readonly EventDraft[] {
  const due = listDue(book, book.clock.steady()).sort((one, other) => severityRank(other.severity) - severityRank(one.severity));
  for (const alert of due) remind(alert, book.clock.steady());
  const single = due.slice(0, book.config.storm.alerts);
  const rest = due.slice(single.length);
  for (const alert of single) alert.isTold = true;
  const worst = rest.reduce<Severity>((severity, alert) => (severityRank(alert.severity) > severityRank(severity) ? alert.severity : severity), 'info');
  return [...single.map((alert) => draftReminder(book, alert)), ...(rest.length === 0 ? [] : [draftReminders(rest, worst)])];
}

/** The alerts with a reminder due at that time on the steady clock. */
export function listDue({ alerts, config: { reminder } }: Book, at: number): Alert[] {
  if (reminder === null) return [];
  return [...alerts.values()].filter(({ places, toldAt }) => places.size > 0 && at - toldAt >= reminder);
}

/** A reminder tells how things stand: from now on that is what a change is measured against. */
export function remind(alert: Alert, at: number): void {
  const { rules, severity, speaker } = weighAlert(alert);
  alert.rules = new Set(rules);
  alert.severity = severity;
  alert.spoken = speaker;
  alert.toldAt = at;
}
