import type { Clock } from '../model/clock.ts';
import type { StateFile } from '../state/state-file.ts';

/**
 * The state is saved this long after the first event that it lacks: an event is never lost, for the log has it. With 1,000
 * listeners that takes 0.1 s of CPU. Milliseconds.
 */
const SAVE_AFTER = 10_000;
/** It is saved so often though nothing happens: it holds ages, and the wall clock, which tells what passed since, may be set. */
const SAVE_EVERY = 3_600_000;

/** Saves what the daemon knows when that is worth it: not for each event, for the log has them. */
export interface StateSaver {
  /** After a turn. `isOther`: what would be saved may be another than what was saved last. */
  note(isOther: boolean): void;
  /** Milliseconds on the steady clock; null where there is nothing to save. */
  nextDue(): number | null;
  /** Starts to save if it is due; nobody waits for it. */
  start(): void;
  /** Saves at once. Never fails. */
  save(): Promise<void>;
}

export interface StateSaverParts {
  readonly file: StateFile;
  readonly compose: () => Readonly<Record<string, unknown>>;
  /** Events are being written. A state that knows more than the log would be one that nobody can tell how it came about. */
  readonly isAppending: () => boolean;
  readonly clock: Clock;
}

export function createStateSaver({ file, compose, isAppending, clock }: StateSaverParts): StateSaver {
  let unsavedSince: number | null = null;
  let savedAt = -Infinity;
  const nextDue = (): number | null => (unsavedSince === null || isAppending() ? null : unsavedSince + SAVE_AFTER);
  const save = async (): Promise<void> => {
    unsavedSince = null;
    savedAt = clock.steady();
    await file.save(compose());
  };
  return {
    note(isOther) {
      const now = clock.steady();
      if (isOther || now - savedAt >= SAVE_EVERY) unsavedSince ??= now;
    },
    nextDue,
    start() {
      if (clock.steady() >= (nextDue() ?? Infinity)) void save();
    },
    save,
  };
}
