import type { EventReader, PortreeveEvent } from '../model/event.ts';

export interface Batch {
  readonly events: readonly PortreeveEvent[];
  /** Up to this sequence the event log was read. */
  readonly upTo: number;
}

export interface BatchReader {
  /** The next events after a sequence. Rejects as the reader does. */
  readAfter(position: number): Promise<Batch>;
  /** Those after this sequence will be asked for next, if all goes well: the disk is read while others are sent. */
  prepare(position: number): void;
}

/** Reads an event log in batches of at most so many events. It holds one batch that was not asked for yet. */
export function readAhead(reader: EventReader, size: number): BatchReader {
  let prepared: { readonly position: number; readonly batch: Promise<Batch> } | null = null;

  const read = async (position: number): Promise<Batch> => {
    const { newest } = reader;
    const events = await reader.readAfter(position, size);
    return { events, upTo: Math.max(events.at(-1)?.sequence ?? newest, position) };
  };
  return {
    readAfter(position) {
      const ahead = prepared;
      prepared = null;
      return ahead?.position === position ? ahead.batch : read(position);
    },
    prepare(position) {
      if (reader.newest <= position) return;
      const batch = read(position);
      // Told to who asks for it, if anybody does.
      batch.catch(() => undefined);
      prepared = { position, batch };
    },
  };
}
