import type { AuditedListener } from '../model/audit.ts';
import type { Difference } from '../model/audit-change.ts';
import { standingOf } from '../model/compare-listeners.ts';
import type { EventAudience, EventDraft } from '../model/event.ts';
import { severityRank, type Severity } from '../model/severity.ts';
import type { Alert, Book } from './book.ts';
import { draftChanged, draftOpened, draftTransient } from './drafts.ts';
import { markOwners } from './owners.ts';
import { programOf } from './place.ts';
import type { Passing } from './review-passing.ts';
import { weighAlert } from './summary.ts';

/** What is to be told as an alert, if there is room. */
export type Wanted =
  | { readonly kind: 'opened'; readonly alert: Alert; readonly severity: Severity }
  | { readonly kind: 'changed'; readonly alert: Alert; readonly severity: Severity; readonly speaker: AuditedListener; readonly differences: readonly Difference[] }
  | { readonly kind: 'transient'; readonly passing: Passing; readonly reason: 'grave' | 'repeated'; readonly total: number; readonly severity: Severity };

/** Owners remembered as told, per alert. */
const MOST_OWNERS = 64;

/** Tells the gravest first; what a storm leaves no room for is an event too, but for the history only. */
export function tellWanted(book: Book, wanted: readonly Wanted[]): readonly EventDraft[] {
  return [...wanted]
    .sort((one, other) => severityRank(other.severity) - severityRank(one.severity))
    .map((each) => {
      const listener = each.kind === 'transient' ? each.passing.listener : each.kind === 'opened' ? weighAlert(each.alert).speaker : each.speaker;
      const rule = standingOf(listener.findings)[0]?.rule ?? 'none';
      const isTold = book.storm.admit(each.severity, rule, programOf(listener), book.clock.steady());
      return tell(book, each, listener, isTold ? 'alert' : 'record');
    });
}

function tell(book: Book, wanted: Wanted, listener: AuditedListener, audience: EventAudience): EventDraft {
  switch (wanted.kind) {
    case 'opened':
      speak(book, wanted.alert, listener, audience);
      return draftOpened(book, wanted.alert, audience);
    case 'changed':
      speak(book, wanted.alert, listener, audience);
      return draftChanged(book, wanted.alert, wanted.differences, audience);
    case 'transient': {
      const { passing, reason, total } = wanted;
      const count = passing.count + book.folds.claim('transient', listener);
      return draftTransient(listener, { count, livedMs: passing.livedMs, within: book.config.transient.within, reason, total: Math.max(total, count), audience });
    }
  }
}

/** From now on a change is measured against this; what was told before stays told until the next reminder. */
function speak(book: Book, alert: Alert, listener: AuditedListener, audience: EventAudience): void {
  const { rules, severity } = weighAlert(alert);
  for (const rule of rules) alert.rules.add(rule);
  raiseSeverity(alert, severity);
  for (const mark of markOwners(listener)) if (alert.everOwners.size < MOST_OWNERS) alert.everOwners.add(mark);
  alert.spoken = listener;
  alert.toldAt = book.clock.steady();
  alert.isTold ||= audience === 'alert';
}

export function raiseSeverity(alert: Alert, severity: Severity): void {
  if (severityRank(severity) > severityRank(alert.severity)) alert.severity = severity;
  if (severityRank(severity) > severityRank(alert.peak)) alert.peak = severity;
}
