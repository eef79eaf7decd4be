import type { TracefsInstance } from './instance.ts';
import type { KernelEvent } from './kernel-event.ts';
import type { RingPage } from './ring-page.ts';
import { decodeStateChange } from './state-change.ts';

/** Threads looked at in one reading: a flood from ever new processes must not hold everything else up. 0.1 ms each. */
const MOST_CALLERS = 1000;

export interface ReadOptions<T> {
  readonly identify: (thread: number) => T | null;
  /** The kernel counts threads as this process does. */
  readonly threadsCount: boolean;
  /** Turns the kernel's address of a socket into something that gives no address away, the same for the same. */
  readonly disguise: bigint;
}

export interface EventsRead<T> {
  /** In order of time. */
  readonly events: readonly KernelEvent<T>[];
  readonly pages: number;
  /** The kernel says that events were overwritten. */
  readonly missed: boolean;
  /** Changes and pages that could not be understood. */
  readonly unknown: number;
}

/**
 * Takes what the buffers hold, and looks at the caller of each `listen` on the way. An error of the file system goes to
 * `onFailure`: what was read before it counts.
 */
export function readEvents<T>(instance: TracefsInstance, { identify, threadsCount, disguise }: ReadOptions<T>, onFailure: (error: unknown) => void): EventsRead<T> {
  const events: (KernelEvent<T> & { readonly timestamp: bigint })[] = [];
  const callers = new Map<number, T | null>();
  let unknown = 0;

  const callerOf = (thread: number): T | null => {
    const known = callers.get(thread);
    if (known !== undefined || callers.size >= MOST_CALLERS) return known ?? null;
    const caller = identify(thread);
    callers.set(thread, caller);
    return caller;
  };
  const takePage = (page: RingPage): void => {
    for (const { data, timestamp } of page.records) {
      const change = decodeStateChange(data, timestamp, instance.layout);
      if (change === null) continue;
      if (change === 'unknown') {
        unknown += 1;
        continue;
      }
      const thread = threadsCount ? change.thread : null;
      const told = { ...change, thread, socket: change.socket ^ disguise };
      events.push(change.kind === 'close' ? { ...told, kind: 'close' } : { ...told, kind: 'listen', caller: thread === null ? null : callerOf(thread) });
    }
  };

  let outcome = { pages: 0, missed: false, broken: 0 };
  try {
    outcome = instance.readPages(takePage);
  } catch (error) {
    onFailure(error);
  }
  // Each CPU has a buffer of its own; the sort keeps the order within one.
  events.sort((one, other) => Number(one.timestamp - other.timestamp));
  return { events, pages: outcome.pages, missed: outcome.missed, unknown: unknown + outcome.broken };
}
