import { worstFinding, type AuditedListener } from '../model/audit.ts';
import type { EventDraft } from '../model/event.ts';
import { severityRank } from '../model/severity.ts';
import { noteOpening, type Alert, type Book } from './book.ts';
import { draftFolded } from './drafts.ts';
import { judgeOwners } from './owners.ts';
import { placeKey, subjectKey } from './place.ts';
import { rankOf } from './summary.ts';
import { tellWanted, type Wanted } from './tell.ts';

/** A listener that came and went before it settled. */
export interface Passing {
  readonly listener: AuditedListener;
  /** Null where its end was not heard. */
  readonly livedMs: number | null;
  readonly count: number;
}

/** What is to be told of one passing alone. That there are too many of them comes with the next review. */
export function tellPassing(book: Book, passing: Passing): readonly EventDraft[] {
  const records: EventDraft[] = [];
  const wanted: Wanted[] = [];
  reviewPassing(book, passing, records, wanted);
  return [...records, ...tellWanted(book, wanted)];
}

/** An alert, or a record with others of its kind; or one more opening of what has an open alert. */
export function reviewPassing(book: Book, passing: Passing, records: EventDraft[], wanted: Wanted[]): void {
  const { listener, livedMs, count } = passing;
  const now = book.clock.steady();
  const alert = findAlert(book, listener);
  if (alert !== null) {
    alert.openings += count;
    for (let i = 0; i < Math.min(count, book.config.flapping.openings); i++) noteOpening(book, alert.key, now);
  }
  const { alerts, total } = alert !== null ? { alerts: null, total: count } : book.transients.judge(listener, count, now);
  if (alerts !== null) wanted.push({ kind: 'transient', passing, reason: alerts, total, severity: worstFinding(listener)?.severity ?? 'info' });
  else records.push(...book.folds.add({ kind: 'transient', listener, count, livedMs }, now).map((record) => draftFolded(record, book.config.transient.within)));
}

/** The open alert about the same owner at that place, or with such ports, that says as much against it. */
function findAlert(book: Book, listener: AuditedListener): Alert | null {
  for (const sight of sightsOf(listener)) {
    const alert = book.places.get(placeKey(sight))?.alert ?? book.alerts.get(subjectKey(sight));
    if (alert !== undefined && judgeOwners(alert.owners, listener) !== 'replaced' && rankOf(listener) <= severityRank(alert.severity)) return alert;
  }
  return null;
}

/** The kernel's events name neither the namespace nor whether `::` takes IPv4 too: mostly it is the host's, and does. */
function sightsOf(listener: AuditedListener): readonly AuditedListener[] {
  const { netns, address } = listener;
  if (netns.inode !== null || netns.name !== null) return [listener];
  const here = { ...listener, netns: { inode: null, name: 'host' } };
  return address === '::' ? [{ ...here, dualStack: true }, here, listener] : [here, listener];
}
