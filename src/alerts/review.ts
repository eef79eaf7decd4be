import { createHash } from 'node:crypto';
import { worstFinding, type AuditedListener, type Finding } from '../model/audit.ts';
import { compareFindings, compareOwners, compareState } from '../model/compare-listeners.ts';
import type { EventDraft } from '../model/event.ts';
import { severityRank } from '../model/severity.ts';
import { MOST_PLACES, addAlert, flappingUntil, forgetPlace, joinAlert, leaveAlert, noteOpening, pruneBook, removeAlert, type Alert, type Book, type Place } from './book.ts';
import { draftClosed, draftFolded, draftListening, draftOwners, draftResolved, draftStorm } from './drafts.ts';
import { judgeOwners, knowOwners, learnOwners, markOwners } from './owners.ts';
import { isEphemeralUdp, isOwnersSubject, placeKey, subjectKey } from './place.ts';
import { remindAlerts } from './remind.ts';
import { reviewPassing, type Passing } from './review-passing.ts';
import { weighAlert } from './summary.ts';
import { tellWanted, type Wanted } from './tell.ts';

/** What one review gathers before it is told. */
interface Review {
  readonly book: Book;
  readonly now: number;
  readonly resolved: EventDraft[];
  readonly records: EventDraft[];
  readonly passings: Passing[];
  readonly opened: Set<Alert>;
  readonly joined: Place[];
}

/**
 * Draws the conclusions from the state of all places, and from the time: the only place where alerts begin, change and
 * end. One walk over all places, which costs less than to keep a timer for each.
 */
export function reviewBook(book: Book): readonly EventDraft[] {
  const review: Review = { book, now: book.clock.steady(), resolved: [], records: [], passings: [], opened: new Set(), joined: [] };
  for (const place of book.places.values()) {
    if (place.goneAt === null) reviewPresent(review, place);
    else reviewGone(review, place, place.goneAt);
  }
  const wanted: Wanted[] = [];
  for (const alert of book.alerts.values()) reviewAlert(review, alert, wanted);
  for (const passing of review.passings) reviewPassing(book, passing, review.records, wanted);
  const before = review.records.splice(0);
  const told = tellWanted(book, wanted);
  // Only now it is settled which listener speaks for an alert that several opened.
  for (const place of review.joined) if (place.alert !== null && place.listener !== place.alert.spoken) recordListening(review, place);
  for (const place of book.places.values()) {
    place.isChanged = false;
    place.predecessor = null;
  }
  pruneBook(book);
  const { within } = book.config.storm;
  const report = book.storm.report(review.now);
  return [
    // First, for a record may be of the next owner at the same place.
    ...review.resolved,
    ...before,
    ...told,
    ...review.records,
    ...(report === null ? [] : [draftStorm(report, within)]),
    ...remindAlerts(book),
    ...book.folds.take(review.now).map((record) => draftFolded(record, book.config.transient.within)),
  ];
}

/** How long a listener must live before it alerts. Milliseconds. */
export function settleTime({ config }: Book, listener: AuditedListener): number {
  return isEphemeralUdp(listener) ? config.settleEphemeralUdp : config.settle[worstFinding(listener)?.severity ?? 'info'];
}

function reviewGone(review: Review, place: Place, goneAt: number): void {
  const { book, now } = review;
  const { alert, listener } = place;
  if (!place.isSettled) {
    forgetPlace(book, place);
    review.passings.push({ listener, livedMs: Math.max(0, goneAt - place.since), count: 1 });
  } else if (!place.isUncertain && goneAt + book.config.resolveAfter <= now) {
    forgetPlace(book, place);
    if (alert === null || alert.places.size > 0) recordClosed(review, listener, alert);
    else end(alert, listener, 'closed');
  }
}

function reviewPresent(review: Review, place: Place): void {
  const { listener, alert } = place;
  if (place.predecessor !== null && !place.isSettled) review.passings.push({ ...place.predecessor, count: 1 });
  const worst = worstFinding(listener);
  if (alert !== null) {
    if (!place.isChanged) return;
    const isOthers = isOwnersSubject(alert.key) && judgeOwners(alert.owners, listener) === 'replaced';
    if (!isOthers && worst !== null) return;
    leaveAlert(place);
    if (alert.places.size === 0) end(alert, isOthers ? alert.spoken : listener, isOthers ? 'closed' : excusedBy(listener.findings));
    // A number that the host gives out and that another has now: another listener, which has to settle.
    if (isOthers) Object.assign(place, { since: review.now, isSettled: false, atStart: false });
  }
  const isDue = review.now - place.since >= settleTime(review.book, listener);
  if (worst !== null && isDue) alertPlace(review, place, worst);
  else if (place.isSettled) reviewOwners(review, place);
  else if (isDue) {
    place.isSettled = true;
    place.owners = knowOwners(listener);
    recordListening(review, place);
  }
}

function end(alert: Alert, listener: AuditedListener, ending: Alert['ending']): void {
  alert.spoken = listener;
  alert.ending = ending;
}

function excusedBy(findings: readonly Finding[]): 'excepted' | 'policy' {
  return findings.some(({ excepted }) => excepted !== null) ? 'excepted' : 'policy';
}

/** Makes it part of its subject's alert, or begins one. */
function alertPlace(review: Review, place: Place, worst: Finding): void {
  const { book, opened, joined } = review;
  const { listener } = place;
  const subject = subjectKey(listener);
  const key = isOwnersSubject(subject) ? subject : place.key;
  const wasSettled = place.isSettled;
  place.isSettled = true;
  const known = book.alerts.get(key);
  if (known !== undefined) {
    // A place that its alert told of before is no news for the history; one that takes over from it is.
    if (!wasSettled && placeKey(known.spoken) !== place.key) {
      if (known.places.size === 0) recordClosed(review, known.spoken, known);
      joined.push(place);
    }
    joinAlert(place, known);
    place.isChanged = true;
    return;
  }
  const now = book.clock.now().toISOString();
  book.serial += 1;
  const id = createHash('sha256').update(`${key}\n${now}\n${book.serial}`).digest('hex').slice(0, 16);
  const owners = wasSettled ? learnOwners(place.owners, listener, judgeOwners(place.owners, listener)) : knowOwners(listener);
  const alert: Alert = {
    id, key, openedAt: now, since: book.clock.steady(), openings: 0, places: new Set(), isPresent: false, rules: new Set(), severity: worst.severity, owners,
    everOwners: new Set(markOwners(listener)), peak: worst.severity, spoken: listener, toldAt: 0, isTold: false, ending: 'closed',
  };
  addAlert(book, alert);
  joinAlert(place, alert);
  opened.add(alert);
}

/** Of a listener that is no alert: who held it is for the history. */
function reviewOwners({ records }: Review, place: Place): void {
  if (!place.isChanged) return;
  const { listener, owners } = place;
  const verdict = judgeOwners(owners, listener);
  if (verdict !== 'same') records.push(draftOwners(listener, null, compareOwners(owners.seen, listener)));
  place.owners = learnOwners(owners, listener, verdict);
}

function reviewAlert(review: Review, alert: Alert, wanted: Wanted[]): void {
  const { book, now, opened, resolved } = review;
  const present = [...alert.places].filter(({ goneAt }) => goneAt === null);
  const isPresent = present.length > 0;
  if (isPresent && (!alert.isPresent || present.every(({ predecessor }) => predecessor !== null))) {
    noteOpening(book, alert.key, now);
    // Those that were resolved between belong to what makes it flapping.
    alert.openings = opened.has(alert) ? (flappingUntil(book, alert.key) === null ? 1 : book.config.flapping.openings) : alert.openings + 1;
  }
  alert.isPresent = isPresent;
  if (opened.has(alert)) {
    wanted.push({ kind: 'opened', alert, severity: weighAlert(alert).severity });
  } else if (isPresent) {
    reviewChange(review, alert, wanted);
  } else if (alert.places.size === 0 && ((flappingUntil(book, alert.key) === null && !hasHeir(review, alert)) || book.alerts.size > MOST_PLACES)) {
    removeAlert(book, alert);
    resolved.push(draftResolved(book, alert));
  }
}

function reviewChange({ book, now, records }: Review, alert: Alert, wanted: Wanted[]): void {
  const changed = [...alert.places].filter((place) => place.isChanged && place.goneAt === null);
  if (changed.length === 0) return;
  const isFlapping = flappingUntil(book, alert.key) !== null;
  const { seen } = alert.owners;
  let newOwner: AuditedListener | null = null;
  for (const { listener } of changed) {
    const verdict = judgeOwners(alert.owners, listener);
    if (verdict === 'same') {
      // That all processes were asked by now is worth knowing, even where none of them is another.
      alert.owners = learnOwners(alert.owners, listener, verdict);
      continue;
    }
    // Two that take turns are told as long as they are not flapping; a third is told at any time.
    const isTold = verdict !== 'learned' && (!isFlapping || !markOwners(listener).every((mark) => alert.everOwners.has(mark)));
    if (isTold) newOwner = listener;
    else if (verdict === 'learned' || book.folds.add({ kind: 'changed', listener, count: 1, livedMs: null }, now).length > 0) records.push(draftOwners(listener, alert, compareOwners(alert.owners.seen, listener)));
    if (verdict === 'learned') alert.spoken = listener;
    if (verdict === 'replaced') noteOpening(book, alert.key, now);
    alert.owners = learnOwners(alert.owners, listener, verdict);
  }
  const { rules, severity, speaker } = weighAlert(alert);
  const isWorse = severityRank(severity) > severityRank(alert.severity) || [...rules].some((rule) => !alert.rules.has(rule));
  if (newOwner === null && !isWorse) return;
  const after = isWorse ? speaker : (newOwner ?? speaker);
  const before = alert.spoken;
  const differences = [...compareOwners(newOwner === null ? before : seen, after), ...compareState(before, after), ...compareFindings(before.findings, after.findings)];
  wanted.push({ kind: 'changed', alert, severity, speaker: after, differences });
}

/** Whether the same owner has another port of those that the host gives out, too young to be part of it. */
function hasHeir({ book }: Review, alert: Alert): boolean {
  if (!isOwnersSubject(alert.key)) return false;
  for (const place of book.places.values()) {
    if (!place.isSettled && place.goneAt === null && worstFinding(place.listener) !== null && subjectKey(place.listener) === alert.key) return true;
  }
  return false;
}

function recordListening({ book, now, records }: Review, place: Place): void {
  if (!isEphemeralUdp(place.listener)) records.push(draftListening(book, place));
  else records.push(...book.folds.add({ kind: 'listening', listener: place.listener, count: 1, livedMs: null }, now).map((record) => draftFolded(record, 0)));
}

function recordClosed({ book, now, records }: Review, listener: AuditedListener, alert: Alert | null): void {
  if (!isEphemeralUdp(listener)) records.push(draftClosed(listener, alert));
  else records.push(...book.folds.add({ kind: 'closed', listener, count: 1, livedMs: null }, now).map((record) => draftFolded(record, 0)));
}
