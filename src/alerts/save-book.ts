import type { AuditedListener } from '../model/audit.ts';
import type { Severity } from '../model/severity.ts';
import type { Alert, Book, Place } from './book.ts';
import type { ToldNotice } from './exceptions.ts';
import type { KnownOwners } from './owners.ts';
import type { SavedQuiet } from './transients.ts';

/**
 * What the alerts remember, as JSON. Times are ages in milliseconds at `savedAt`: the steady clock starts anew with each
 * boot, and the time that passes until the state is loaded is told by the wall clock.
 */
export interface SavedBook {
  readonly version: typeof BOOK_VERSION;
  /** ISO 8601. */
  readonly savedAt: string;
  readonly serial: number;
  readonly alerts: readonly SavedAlert[];
  readonly places: readonly SavedPlace[];
  readonly openings: readonly { readonly key: string; readonly ages: readonly number[] }[];
  readonly quiet: readonly SavedQuiet[];
  readonly notices: readonly ToldNotice[];
}

export interface SavedAlert {
  readonly id: string;
  readonly key: string;
  readonly openedAt: string;
  readonly openings: number;
  readonly isPresent: boolean;
  readonly rules: readonly string[];
  readonly severity: Severity;
  readonly peak: Severity;
  readonly owners: SavedOwners;
  readonly everOwners: readonly string[];
  readonly spoken: AuditedListener;
  readonly toldAge: number;
  readonly isTold: boolean;
  readonly ending: Alert['ending'];
}

export interface SavedPlace {
  readonly key: string;
  readonly listener: AuditedListener;
  readonly age: number;
  readonly atStart: boolean;
  readonly owners: SavedOwners;
  /** Id of its alert. */
  readonly alert: string | null;
}

export interface SavedOwners {
  readonly marks: readonly string[];
  readonly isComplete: boolean;
}

export const BOOK_VERSION = 1;
/** Listeners without an alert that are kept: of the others the history only says once more that they are there. */
const MOST_QUIET_PLACES = 5_000;

/** Places that have not settled are left out: they settle anew, by the age of their process. */
export function saveBook(book: Book): SavedBook {
  const now = book.clock.steady();
  const settled = [...book.places.values()].filter(({ isSettled }) => isSettled);
  const quiet = settled.filter(({ alert }) => alert === null).slice(0, MOST_QUIET_PLACES);
  return {
    version: BOOK_VERSION,
    savedAt: book.clock.now().toISOString(),
    serial: book.serial,
    alerts: [...book.alerts.values()].map((alert) => saveAlert(alert, now)),
    places: [...settled.filter(({ alert }) => alert !== null), ...quiet].map((place) => savePlace(place, now)),
    openings: [...book.openings].map(([key, times]) => ({ key, ages: times.map((time) => now - time) })),
    quiet: book.transients.save(now),
    notices: book.exceptions.save(),
  };
}

function saveAlert({ id, key, openedAt, openings, isPresent, rules, severity, peak, owners, everOwners, spoken, toldAt, isTold, ending }: Alert, now: number): SavedAlert {
  return {
    id, key, openedAt, openings, isPresent, rules: [...rules], severity, peak, owners: saveOwners(owners), everOwners: [...everOwners], spoken: slimListener(spoken), toldAge: now - toldAt, isTold, ending,
  };
}

function savePlace({ key, listener, since, atStart, owners, alert }: Place, now: number): SavedPlace {
  return { key, listener: slimListener(listener), age: now - since, atStart, owners: saveOwners(owners), alert: alert?.id ?? null };
}

function saveOwners({ marks, isComplete }: KnownOwners): SavedOwners {
  return { marks: [...marks], isComplete };
}

/** Without what is long and not needed to go on, and without command lines, which can hold passwords. */
function slimListener(listener: AuditedListener): AuditedListener {
  const owners = listener.owners.slice(0, MOST_OWNERS).map((owner) => ({ ...owner, commandLine: null }));
  const slim: { -readonly [Key in keyof AuditedListener]: AuditedListener[Key] } = { ...listener, owners, findings: listener.findings.map((finding) => ({ ...finding, advice: null, references: [] })) };
  delete slim.trials;
  return slim;
}

/** A server may have a thousand workers; who they are is among the marks. */
const MOST_OWNERS = 16;
