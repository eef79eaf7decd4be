import type { AuditedListener } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import type { AlertConfig } from '../model/config.ts';
import type { EventDraft, PortreeveEvent } from '../model/event.ts';
import type { Listener } from '../model/listener.ts';
import { severityRank } from '../model/severity.ts';
import { MOST_PLACES, RESERVED_PLACES, flappingUntil, type Book, type Place } from './book.ts';
import { draftException, draftFolded } from './drafts.ts';
import { createExceptionNotices, type ExceptionStanding } from './exceptions.ts';
import { createFolds } from './fold.ts';
import { loadBook } from './load-book.ts';
import { knowOwners } from './owners.ts';
import { placeKey } from './place.ts';
import { replayEvent } from './replay-event.ts';
import { reviewBook, settleTime } from './review.ts';
import { tellPassing, type Passing } from './review-passing.ts';
import { saveBook, type SavedBook } from './save-book.ts';
import { createStorm } from './storm.ts';
import { listOpenAlerts, rankOf, type OpenAlert } from './summary.ts';
import { createTransients } from './transients.ts';

/** What one look at the host showed. */
export interface Sight {
  readonly listeners: readonly AuditedListener[];
  /** Those of them of whose sockets the look before showed none: at a place that was taken then, one closed and another opened. */
  readonly appeared: readonly Listener[];
  /** Whether the namespace of a listener that is missing here was not read whole: its absence proves nothing then. */
  readonly uncertain: (listener: AuditedListener) => boolean;
}

/**
 * The life of all alerts: what was seen goes in, the events to write come out. Nothing is read, written or waited for
 * here. Time is the steady clock's; the wall clock only dates what people read, and ages what was saved.
 */
export interface AlertBook {
  /** To be called after every look, also one that showed nothing new: what was uncertain may be certain now. */
  observe(sight: Sight): readonly EventDraft[];
  /** A listener that opened and closed between two looks. A storm of them is told by the next `elapse`, which is due at once. */
  passed(passing: Passing): readonly EventDraft[];
  /** What is due by time alone. Nothing before the first look, which has to show what is still there. */
  elapse(): readonly EventDraft[];
  /** Milliseconds on the steady clock at which `elapse` has something to do; null where only a look can bring something. */
  nextDue(): number | null;
  reconfigure(config: AlertConfig): void;
  /** What is to be announced of the policy's exceptions, all of which are handed in: once for each stage of each. */
  exceptions(standings: readonly ExceptionStanding[]): readonly EventDraft[];
  openAlerts(): readonly OpenAlert[];
  /** Places remembered, those gone for a moment included. */
  readonly tracked: number;
  /** Listeners that there was no room for at the last look. */
  readonly untracked: number;
  /** What is wrong with the saved state that it was made from; what was readable is in it. */
  readonly faults: readonly string[];
  /** The counts that were not recorded yet, before the daemon stops. */
  close(): readonly EventDraft[];
  save(): SavedBook;
  /** Takes in an event of the log that is newer than the saved state, oldest first, before the first look. */
  replay(event: PortreeveEvent): void;
}

/** @param saved what `save` gave, read back; null where there is none; anything else counts as damaged, see `faults` */
export function createAlertBook({ config, clock, saved }: { readonly config: AlertConfig; readonly clock: Clock; readonly saved: unknown }): AlertBook {
  const book: Book = {
    config,
    clock,
    places: new Map(),
    alerts: new Map(),
    alertsById: new Map(),
    openings: new Map(),
    prunedAt: clock.steady(),
    serial: 0,
    storm: createStorm(config.storm),
    folds: createFolds(),
    transients: createTransients(config.transient),
    exceptions: createExceptionNotices(),
  };
  const faults = saved === null || saved === undefined ? [] : loadBook(book, saved);
  let seen = new WeakMap<AuditedListener, Place>();
  let look = 0;
  let untracked = 0;
  let due: number | null | 'unknown' = 'unknown';

  function review(): readonly EventDraft[] {
    const drafts = reviewBook(book);
    due = 'unknown';
    return drafts;
  }

  /** The place that a listener of this look is at; null where there is no room. */
  function findPlace(listener: AuditedListener, now: number): Place | null {
    const known = seen.get(listener);
    if (known !== undefined && known.look !== look && book.places.get(known.key) === known) return known;
    const base = placeKey(listener);
    // Two of one place in one look, as unnamed namespaces might have them, are told apart by their order.
    for (let n = 1; ; n++) {
      const key = n === 1 ? base : `${base}\0${n}`;
      const place = book.places.get(key);
      if (place === undefined) return book.places.size < roomFor(listener) ? addPlace(key, listener, now) : null;
      if (place.look !== look) return place;
    }
  }

  function addPlace(key: string, listener: AuditedListener, now: number): Place {
    const age = look === 1 ? ageOf(listener, clock) : 0;
    const place: Place = {
      key, listener, isChanged: true, since: now - age, atStart: look === 1, look: 0, goneAt: null, predecessor: null, isUncertain: false, isSettled: false, owners: knowOwners(listener), alert: null,
    };
    book.places.set(key, place);
    return place;
  }

  /** Between two looks one closed there and another opened: as if a look had shown the place empty. */
  function reopen(place: Place, now: number): void {
    place.predecessor = { listener: place.listener, livedMs: Math.max(0, now - place.since) };
    if (!place.isSettled) Object.assign(place, { since: now, atStart: false });
  }

  /** Takes in what a look shows; says whether anything is another. */
  function absorb({ listeners, appeared, uncertain }: Sight): boolean {
    look += 1;
    // At the first look everything has appeared, also what the saved state tells of.
    const opened = look === 1 ? new Set<string>() : new Set(appeared.map(placeKey));
    // One moment for all that the look shows, so that what came together settles together.
    const now = clock.steady();
    let hasNews = false;
    let left = 0;
    for (const listener of listeners) {
      const place = findPlace(listener, now);
      if (place === null) {
        left += 1;
        continue;
      }
      const isNew = place.listener !== listener || place.look === 0;
      if (opened.size > 0 && place.look > 0 && place.goneAt === null && opened.has(placeKey(listener))) reopen(place, now);
      hasNews ||= isNew || place.goneAt !== null || place.predecessor !== null;
      place.isChanged ||= isNew;
      place.listener = listener;
      place.look = look;
      place.goneAt = null;
      place.isUncertain = false;
      if (isNew) seen.set(listener, place);
    }
    for (const place of book.places.values()) {
      if (place.look === look) continue;
      const isUncertain = uncertain(place.listener);
      const isGoneNow = place.goneAt === null && !isUncertain;
      if (isGoneNow) place.goneAt = now;
      hasNews ||= isGoneNow || place.isUncertain !== isUncertain;
      place.isUncertain = isUncertain;
    }
    if (left > untracked) book.storm.overflow(left - untracked);
    hasNews ||= left > untracked;
    untracked = left;
    return hasNews;
  }

  function nextDue(): number | null {
    if (look === 0) return null;
    if (due === 'unknown') due = findDue(book);
    return due;
  }

  function isDue(): boolean {
    const next = nextDue();
    return next !== null && clock.steady() >= next;
  }

  return {
    observe: (sight) => (absorb(sight) || isDue() ? review() : []),
    passed(passing) {
      due = 'unknown';
      return tellPassing(book, passing);
    },
    elapse: () => (isDue() ? review() : []),
    nextDue,
    reconfigure(next) {
      book.config = next;
      book.storm.reconfigure(next.storm);
      book.transients.reconfigure(next.transient);
      due = 'unknown';
    },
    exceptions: (standings) => book.exceptions.review(standings, book.config.expiryNotice).map(draftException),
    openAlerts: () => listOpenAlerts(book),
    get tracked() {
      return book.places.size;
    },
    get untracked() {
      return untracked;
    },
    faults,
    close: () => book.folds.take('end').map((record) => draftFolded(record, book.config.transient.within)),
    save: () => saveBook(book),
    replay(event) {
      replayEvent(book, event);
      seen = new WeakMap();
    },
  };
}

function roomFor(listener: AuditedListener): number {
  return rankOf(listener) >= severityRank('error') ? MOST_PLACES + RESERVED_PLACES : MOST_PLACES;
}

/** How long its oldest process runs, by the wall clock: a listener that is there at the first look is about as old. */
function ageOf({ owners }: AuditedListener, clock: Clock): number {
  const starts = owners.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)])).filter((time) => Number.isFinite(time));
  return starts.length === 0 ? 0 : Math.max(0, clock.now().getTime() - Math.min(...starts));
}

function findDue(book: Book): number | null {
  const { config, places, alerts, storm, folds } = book;
  let due = Infinity;
  for (const place of places.values()) {
    if (place.goneAt !== null) {
      if (!place.isUncertain) due = Math.min(due, place.goneAt + config.resolveAfter);
    } else if (place.alert === null && (!place.isSettled || place.listener.findings.some(({ excepted }) => excepted === null))) {
      due = Math.min(due, place.since + settleTime(book, place.listener));
    }
  }
  for (const alert of alerts.values()) {
    if (alert.places.size === 0) due = Math.min(due, flappingUntil(book, alert.key) ?? Infinity);
    else if (config.reminder !== null) due = Math.min(due, alert.toldAt + config.reminder);
  }
  due = Math.min(due, storm.nextDue() ?? Infinity, folds.nextDue() ?? Infinity);
  return due === Infinity ? null : due;
}
