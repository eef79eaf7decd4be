import { createDataReader } from '../model/data-reader.ts';
import type { AuditedListener } from '../model/audit.ts';
import type { PortreeveEvent } from '../model/event.ts';
import { readListener } from '../model/read-listener.ts';
import { addAlert, forgetPlace, joinAlert, leaveAlert, noteOpening, removeAlert, type Alert, type Book, type Place } from './book.ts';
import { NOTICE_STAGES } from './exceptions.ts';
import { judgeOwners, knowOwners, learnOwners, markOwners } from './owners.ts';
import { isOwnersSubject, placeKey, subjectKey } from './place.ts';
import { listDue, remind } from './remind.ts';
import { raiseSeverity } from './tell.ts';

/** Brings a book, loaded from the last saved state, to where it was when it told of an event that came after. */
export function replayEvent(book: Book, event: PortreeveEvent): void {
  if (event.detail['folded'] === true) return;
  const at = book.clock.steady() - ageOf(event.time, book);
  const listener = readBack(event.listener);
  const alert = event.alert === null ? undefined : book.alertsById.get(event.alert.id);
  if (event.audience === 'alert' && (event.kind === 'opened' || event.kind === 'changed' || event.kind === 'transient')) book.storm.noteTold(event.severity, at);
  switch (event.kind) {
    case 'opened':
      if (listener !== null) replayOpened(book, event, listener, at);
      break;
    case 'changed':
      if (listener !== null && alert !== undefined) replayChanged(book, event, alert, listener, at);
      else if (listener !== null) learnPlace(settlePlace(book, event, listener, at), listener);
      break;
    case 'reminder':
      if (alert !== undefined) replayReminder(event, alert, listener, at);
      else if (event.alert === null) for (const due of listDue(book, at)) remind(due, at);
      break;
    case 'resolved':
      if (alert !== undefined) replayResolved(book, event, alert);
      break;
    case 'listening':
      if (listener === null) break;
      if (alert === undefined) settlePlace(book, event, listener, at);
      else joinAlert(settlePlace(book, event, listener, at), alert);
      break;
    case 'closed': {
      const place = listener === null ? undefined : book.places.get(placeKey(listener));
      if (place !== undefined) forgetPlace(book, place);
      break;
    }
    case 'transient': {
      const { reason } = event.detail;
      if (listener !== null && (reason === 'grave' || reason === 'repeated')) book.transients.noteTold(listener, reason, event.severity, at);
      break;
    }
    case 'storm':
      book.storm.noteReport(Number(event.detail['total']) || 0, at);
      break;
    case 'exception': {
      const { exception: id, stage: name, expires } = event.detail;
      const stage = NOTICE_STAGES.find((known) => known === name);
      if (typeof id === 'string' && stage !== undefined) book.exceptions.noteTold({ id, stage, expires: typeof expires === 'string' ? expires : null });
      break;
    }
    default:
      break;
  }
}

function replayOpened(book: Book, event: PortreeveEvent, listener: AuditedListener, at: number): void {
  const { alert: summary, severity } = event;
  if (summary === null || book.alertsById.has(summary.id)) return;
  const key = freeKey(book, subjectKey(listener));
  const place = settlePlace(book, event, listener, at, isOwnersSubject(key) ? placeKey(listener) : key);
  const alert: Alert = {
    id: summary.id, key, openedAt: summary.openedAt, since: at, openings: summary.openings, places: new Set(), isPresent: true, rules: new Set(rulesOf(event)), severity,
    owners: learnOwners(place.owners, listener, judgeOwners(place.owners, listener)), everOwners: new Set(markOwners(listener)),
    peak: severity, spoken: listener, toldAt: at, isTold: event.audience === 'alert', ending: 'closed',
  };
  book.serial += 1;
  addAlert(book, alert);
  joinAlert(place, alert);
  noteOpening(book, key, at);
}

function replayChanged(book: Book, event: PortreeveEvent, alert: Alert, listener: AuditedListener, at: number): void {
  const place = settlePlace(book, event, listener, at);
  if (place.alert !== alert) joinAlert(place, alert);
  const verdict = judgeOwners(alert.owners, listener);
  if (verdict === 'replaced') noteOpening(book, alert.key, at);
  alert.owners = learnOwners(alert.owners, listener, verdict);
  if (event.detail['ownersOnly'] === true) {
    if (verdict === 'learned') alert.spoken = listener;
    return;
  }
  for (const mark of markOwners(listener)) alert.everOwners.add(mark);
  for (const rule of rulesOf(event)) alert.rules.add(rule);
  raiseSeverity(alert, event.severity);
  alert.openings = event.alert?.openings ?? alert.openings;
  alert.spoken = listener;
  alert.toldAt = at;
  alert.isTold ||= event.audience === 'alert';
}

function learnPlace(place: Place, listener: AuditedListener): void {
  place.owners = learnOwners(place.owners, listener, judgeOwners(place.owners, listener));
}

function replayReminder(event: PortreeveEvent, alert: Alert, listener: AuditedListener | null, at: number): void {
  alert.rules = new Set(rulesOf(event));
  alert.severity = event.severity;
  alert.openings = event.alert?.openings ?? alert.openings;
  alert.spoken = listener ?? alert.spoken;
  alert.toldAt = at;
  alert.isTold = true;
}

function replayResolved(book: Book, event: PortreeveEvent, alert: Alert): void {
  const places = [...alert.places];
  removeAlert(book, alert);
  if (event.alert?.resolution === 'closed') for (const place of places) forgetPlace(book, place);
  else for (const place of places) leaveAlert(place);
}

/** No two alerts are about one subject: where it has one, this is the second of two listeners at one place. */
function freeKey(book: Book, key: string): string {
  let free = key;
  for (let n = 2; book.alerts.has(free); n++) free = `${key}\0${n}`;
  return free;
}

/** The place of a listener that an event told of; made where it is not known. */
function settlePlace(book: Book, event: PortreeveEvent, listener: AuditedListener, at: number, key = placeKey(listener)): Place {
  const { since } = event.detail;
  const known = book.places.get(key);
  if (known !== undefined) {
    known.listener = listener;
    known.isSettled = true;
    return known;
  }
  const opened = typeof since === 'string' ? book.clock.steady() - ageOf(since, book) : at;
  const atStart = event.detail['atStart'] === true;
  const place: Place = { key, listener, isChanged: false, since: Math.min(opened, at), atStart, look: 0, goneAt: null, predecessor: null, isUncertain: false, isSettled: true, owners: knowOwners(listener), alert: null };
  book.places.set(key, place);
  return place;
}

function rulesOf({ detail: { rules } }: PortreeveEvent): readonly string[] {
  return typeof rules === 'string' ? rules.split(' ').filter((rule) => rule !== '') : [];
}

/** Milliseconds by the wall clock, which may have been set back since. */
function ageOf(time: string, { clock }: Book): number {
  const age = clock.now().getTime() - Date.parse(time);
  return Number.isFinite(age) ? Math.max(0, age) : 0;
}

/** The log is a file: what is no listener is left out. */
function readBack(listener: unknown): AuditedListener | null {
  if (listener === null) return null;
  const reader = createDataReader(listener);
  const read = readListener(reader);
  return reader.faults.length === 0 ? read : null;
}
