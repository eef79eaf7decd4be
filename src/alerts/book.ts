import type { AuditedListener } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { AlertConfig } from '../model/config.ts';
import type { Severity } from '../model/severity.ts';
import type { ExceptionNotices } from './exceptions.ts';
import type { Folds } from './fold.ts';
import type { KnownOwners } from './owners.ts';
import type { Storm } from './storm.ts';
import type { Transients } from './transients.ts';

/** A place where something listens, or did until a moment ago. Times are milliseconds on the steady clock. */
export interface Place {
  readonly key: string;
  /** As last seen. */
  listener: AuditedListener;
  /** It was seen in another state since the last review. */
  isChanged: boolean;
  /** When it opened, as far as that is known. */
  since: number;
  /** It was there at the first look: how long, only its process can tell. */
  atStart: boolean;
  /** The last look that showed it. */
  look: number;
  /** Since when it is gone; null while it is there. */
  goneAt: number | null;
  /** What listened there until the last look, where that one closed and another opened since the look before. */
  predecessor: { readonly listener: AuditedListener; readonly livedMs: number } | null;
  /** The last look did not see its namespace whole: that it is still gone is not known. */
  isUncertain: boolean;
  /** Whether an event has told of it. */
  isSettled: boolean;
  /** Who is known to hold it. An alert knows better, where it has one. */
  owners: KnownOwners;
  alert: Alert | null;
}

/** What is wrong with one place, or with all ports that the host gave to one owner. */
export interface Alert {
  readonly id: string;
  readonly key: string;
  /** ISO 8601. */
  readonly openedAt: string;
  /** The same on the steady clock: how long it is open does not change when someone sets the wall clock. */
  readonly since: number;
  openings: number;
  /** Listeners that are part of it, those gone for a moment included. Empty: over, but not told so yet. */
  readonly places: Set<Place>;
  /** Whether any of them was there, with a finding, when last reviewed. */
  isPresent: boolean;
  /** What a change is measured against: rules and severity told since the last reminder, and owners. */
  rules: Set<string>;
  severity: Severity;
  owners: KnownOwners;
  /** Owners told at any time, to tell those that take turns from new ones. */
  readonly everOwners: Set<string>;
  /** The worst that was ever told: who heard of the alert hears of its end. */
  peak: Severity;
  /** The listener that spoke for it last. */
  spoken: AuditedListener;
  toldAt: number;
  /** Whether any of its events went out as an alert, or all only into the history (a storm). */
  isTold: boolean;
  /** Why it will be over. */
  ending: 'closed' | 'excepted' | 'policy';
}

/** All that the alerts remember. Pure data beside the parts that count for themselves. */
export interface Book {
  config: AlertConfig;
  readonly clock: Clock;
  readonly places: Map<string, Place>;
  readonly alerts: Map<string, Alert>;
  readonly alertsById: Map<string, Alert>;
  /** When each subject last opened: as many times as make it flapping. Outlives the alert. */
  readonly openings: Map<string, readonly number[]>;
  prunedAt: number;
  /** How many alerts were ever opened. */
  serial: number;
  readonly storm: Storm;
  readonly folds: Folds;
  readonly transients: Transients;
  readonly exceptions: ExceptionNotices;
}

/** Places tracked at most. More are counted, and taken in when there is room. */
export const MOST_PLACES = 20_000;
/** Places besides, for findings from `error` on: whoever fills the room with harmless listeners hides nothing by it. */
export const RESERVED_PLACES = 2_000;
/** Milliseconds. */
const PRUNE_INTERVAL = 60_000;

export function forgetPlace(book: Book, place: Place): void {
  leaveAlert(place);
  if (book.places.get(place.key) === place) book.places.delete(place.key);
}

export function joinAlert(place: Place, alert: Alert): void {
  leaveAlert(place);
  place.alert = alert;
  alert.places.add(place);
}

/** The place keeps what its alert knew of the owners. */
export function leaveAlert(place: Place): void {
  if (place.alert === null) return;
  place.owners = place.alert.owners;
  place.alert.places.delete(place);
  place.alert = null;
}

export function addAlert(book: Book, alert: Alert): void {
  book.alerts.set(alert.key, alert);
  book.alertsById.set(alert.id, alert);
}

export function removeAlert(book: Book, alert: Alert): void {
  for (const place of [...alert.places]) leaveAlert(place);
  if (book.alerts.get(alert.key) === alert) book.alerts.delete(alert.key);
  book.alertsById.delete(alert.id);
}

/** Takes note of an opening, for it may be one of many. Where there are too many subjects, the oldest is forgotten. */
export function noteOpening(book: Book, key: string, at: number): void {
  const times = book.openings.get(key) ?? [];
  book.openings.delete(key);
  book.openings.set(key, [...times, at].slice(-book.config.flapping.openings));
  const [oldest] = book.openings.keys();
  if (book.openings.size > MOST_PLACES && oldest !== undefined) book.openings.delete(oldest);
}

/** Forgets what lies so far back that nothing hangs on it any more. */
export function pruneBook(book: Book): void {
  const now = book.clock.steady();
  if (now - book.prunedAt < PRUNE_INTERVAL) return;
  book.prunedAt = now;
  for (const [key, times] of book.openings) if (now - (times.at(-1) ?? now) >= book.config.flapping.within) book.openings.delete(key);
  book.transients.prune(now);
}

/** Until when a subject counts as flapping: while as many openings as are too many lie within the time; null where they do not. */
export function flappingUntil(book: Book, key: string): number | null {
  const { openings, within } = book.config.flapping;
  const first = (book.openings.get(key) ?? []).slice(-openings);
  const until = first.length < openings ? null : (first[0] ?? 0) + within;
  return until !== null && until > book.clock.steady() ? until : null;
}
