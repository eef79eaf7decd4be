import { createDataReader, type DataReader } from '../model/data-reader.ts';
import { readListener } from '../model/read-listener.ts';
import { SEVERITIES } from '../model/severity.ts';
import type { AuditedListener } from '../model/audit.ts';
import { MOST_PLACES, RESERVED_PLACES, addAlert, joinAlert, type Alert, type Book, type Place } from './book.ts';
import { NOTICE_STAGES } from './exceptions.ts';
import type { KnownOwners } from './owners.ts';
import { BOOK_VERSION } from './save-book.ts';

const LONGEST_AGE = Number.MAX_SAFE_INTEGER;
const MOST_FAULTS = 5;
/** More than any configuration calls flapping. */
const MOST_OPENINGS = 1_000;

/**
 * Fills an empty book from what `saveBook` gave. What cannot be read is left out and named, and alerts anew where it is
 * still there. All that listened is taken to be there until the first look: nobody watched.
 * @returns what is wrong, at most a few
 */
export function loadBook(book: Book, saved: unknown): readonly string[] {
  const reader = createDataReader(saved);
  const version = reader.at('version').integer(0, LONGEST_AGE);
  const savedAt = Date.parse(reader.at('savedAt').text());
  if (reader.faults.length > 0) return reader.faults;
  if (version !== BOOK_VERSION) return [`version ${version} of the alerts' state is not known here`];
  if (!Number.isFinite(savedAt)) return ['savedAt: expected a time'];
  // The wall clock may have been set back since: then no time has passed.
  const now = book.clock.steady() - Math.max(0, book.clock.now().getTime() - savedAt);
  const faults: string[] = [];

  /** Each item by itself: one that is damaged costs no other. */
  function each(key: string, read: (item: DataReader) => (() => void)): void {
    const list = reader.at(key).items();
    list.slice(0, MOST_PLACES + RESERVED_PLACES).forEach((_, index) => {
      const item = createDataReader((saved as Readonly<Record<string, readonly unknown[]>>)[key]?.[index], `${key}[${index}]`);
      const keep = read(item);
      if (item.faults.length === 0) keep();
      else faults.push(...item.faults);
    });
  }

  book.serial = reader.at('serial').integer(0, LONGEST_AGE);
  each('alerts', (item) => {
    const alert = readAlert(item, now, savedAt);
    return () => {
      addAlert(book, alert);
    };
  });
  each('places', (item) => {
    const id = item.at('alert').textOrNull();
    const place = readPlace(item, now);
    return () => {
      const alert = id === null ? undefined : book.alertsById.get(id);
      book.places.set(place.key, place);
      if (alert !== undefined) joinAlert(place, alert);
    };
  });
  each('openings', (item) => {
    const key = item.at('key').text();
    const times = item.at('ages').items().slice(-MOST_OPENINGS).map((age) => now - readAge(age));
    return () => book.openings.set(key, times);
  });
  each('quiet', (item) => {
    const quiet = { key: item.at('key').text(), age: readAge(item.at('age')), rank: item.at('rank').integer(0, SEVERITIES.length - 1) };
    return () => {
      book.transients.restore([quiet], now);
    };
  });
  each('notices', (item) => {
    const notice = { id: item.at('id').text(), stage: item.at('stage').oneOf(NOTICE_STAGES), expires: item.at('expires').textOrNull() };
    return () => {
      book.exceptions.noteTold(notice);
    };
  });
  return [...reader.faults, ...faults].slice(0, MOST_FAULTS);
}

/** @param now the steady clock when it was saved, which the wall clock called `savedAt` */
function readAlert(item: DataReader, now: number, savedAt: number): Alert {
  const spoken = readListener(item.at('spoken'));
  const openedAt = item.at('openedAt').text();
  return {
    id: item.at('id').text(),
    key: item.at('key').text(),
    openedAt: Number.isFinite(Date.parse(openedAt)) ? openedAt : item.at('openedAt').oneOf(['a time like 2026-11-22T04:53:57.000Z']),
    since: now - Math.max(0, savedAt - (Date.parse(openedAt) || savedAt)),
    openings: item.at('openings').integer(0, LONGEST_AGE),
    places: new Set(),
    isPresent: item.at('isPresent').flag(),
    rules: new Set(texts(item.at('rules'))),
    severity: item.at('severity').oneOf(SEVERITIES),
    peak: item.at('peak').oneOf(SEVERITIES),
    owners: readOwners(item.at('owners'), spoken),
    everOwners: new Set(texts(item.at('everOwners'))),
    spoken,
    toldAt: now - readAge(item.at('toldAge')),
    isTold: item.at('isTold').flag(),
    ending: item.at('ending').oneOf(['closed', 'excepted', 'policy']),
  };
}

function readPlace(item: DataReader, now: number): Place {
  const listener = readListener(item.at('listener'));
  return {
    key: item.at('key').text(),
    listener,
    isChanged: false,
    since: now - readAge(item.at('age')),
    atStart: item.at('atStart').flag(),
    look: 0,
    goneAt: null,
    predecessor: null,
    isUncertain: false,
    isSettled: true,
    owners: readOwners(item.at('owners'), listener),
    alert: null,
  };
}

function readOwners(item: DataReader, seen: AuditedListener): KnownOwners {
  return { marks: new Set(texts(item.at('marks'))), isComplete: item.at('isComplete').flag(), sockets: seen.sockets, seen };
}

/** The steady clock counts in fractions of a millisecond. */
function readAge(item: DataReader): number {
  return Math.max(0, item.number());
}

function texts(item: DataReader): readonly string[] {
  return item.items().map((text) => text.text());
}
