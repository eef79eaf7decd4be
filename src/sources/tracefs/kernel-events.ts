import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import type { Clock } from '../../model/clock.ts';
import type { KernelEvents } from '../../model/daemon.ts';
import type { Logger } from '../../model/logger.ts';
import { createSleep } from '../../model/sleep.ts';
import { within } from '../../model/within.ts';
import { waitReadable } from '../../native/wait-readable.ts';
import { explainTracefsFailure, findTracefs, TRACEFS_ROOTS } from './find-tracefs.ts';
import { KERNEL_FOLDERS, type InstanceFolders } from './instance-folder.ts';
import { openInstance, type TracefsInstance } from './instance.ts';
import type { KernelEvent } from './kernel-event.ts';
import { readEvents } from './read-events.ts';

/** Between two looks at whether the instance is as it was made: half a millisecond each. */
const CHECK_INTERVAL = 30_000;
/** Between two attempts to get an instance. */
const RETRY_INTERVAL = 30_000;
/** Readable, and nothing to read: never spin on it. */
const PAUSE = 100;
/** How long one call of poll(2) lasts. It serves one wait after the other: a timer that ends a wait costs less than a thread that does. */
const CALL = 10_000;
/** So much longer it may take: it runs in libuv's pool, all of whose threads a disk that hangs may hold. */
const PATIENCE = 500;
/** How long the last call is waited for, which the instance's marker ends at once. */
const LAST_WAIT = 1_500;

export interface KernelEventOptions<T> {
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Called for the thread of each `listen` as soon as the event is read, once per thread and reading (1,000 threads at
   * most), for it may be gone a millisecond later: the cheapest and most telling first (the link `exe`). Must not throw.
   */
  readonly identify: (thread: number) => T | null;
  /** Where things lie; a test has its own. */
  readonly roots?: readonly string[];
  readonly onlineCpus?: string;
  readonly pidNamespace?: string;
  readonly lockdown?: string;
  readonly folders?: InstanceFolders;
  readonly wait?: (descriptor: number, timeoutMs: number) => Promise<boolean>;
}

/** The kernel's own word about listeners that open and close. It never throws: where it cannot tell, `state` says why. */
export interface KernelEventReader<T> {
  /**
   * Resolves with what happened, or after `timeoutMs` with nothing; early at times. While a call waits, another joins it.
   * Its events are given to no one else: who must be called away ends it with `wake`.
   * @param again as in `Sleep.take`
   */
  next(timeoutMs: number, again?: () => number | null): Promise<readonly KernelEvent<T>[]>;
  /** What is in the buffers now. Where tracefs cannot be had, it is tried again here too. */
  drain(): readonly KernelEvent<T>[];
  /**
   * Ends a wait at once; the `next` that waits resolves with what there is. Also ends the call of poll(2) on a thread of
   * libuv's pool, for which the end of the process would wait ten seconds.
   */
  wake(): void;
  state(): KernelEvents;
  /** Whether the kernel's events are being read. */
  readonly isHearing: boolean;
  /** Has the next call look after the instance: what else went wrong may concern it, and it holds descriptors. */
  recheck(): void;
  /** Ends a wait, and removes the instance. */
  close(): Promise<void>;
}

/** The first PID namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h): the kernel counts threads as it does. */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

/**
 * Opens an instance of tracefs and reads `sock/inet_sock_set_state` from it, in the kernel's binary form: that has no
 * process names, so that nothing a process calls itself can forge an event, and it has the socket and nanoseconds. Where
 * tracefs cannot be had it tries again every 30 s. No other instance is touched, and no system call traced.
 *
 * Measured on two cores, busy otherwise (Linux 6.18, Node 20): 0.35 ms from listen(2) to the event in hand, 7 ms at
 * worst; 7 us for a `drain` of nothing; 7 ms for 1,000 listeners that
 * opened and closed; 45 ms to make the instance, once.
 */
export function createKernelEvents<T>(options: KernelEventOptions<T>): KernelEventReader<T> {
  const { clock, logger, wait = waitReadable, pidNamespace = '/proc/self/ns/pid', lockdown = '/sys/kernel/security/lockdown' } = options;
  const threadsCount = isInitialPidNamespace(pidNamespace);
  const reading = { identify: options.identify, threadsCount, disguise: randomBytes(8).readBigUInt64LE() };
  let instance: TracefsInstance | null = null;
  let reason = '';
  let due = -Infinity;
  let lost = 0;
  let closed = false;
  const sleep = createSleep();
  let waiting: Promise<readonly KernelEvent<T>[]> | null = null;
  /** The call of poll(2) that is under way. */
  let call: { readonly overdueAt: number; readonly over: Promise<void> } | null = null;
  let isReadable = false;
  /** The buffers were said to be readable, and were not. */
  let wasEmpty = false;
  /** What was noticed outside of a reading. */
  let noticed: KernelEvent<T>[] = [];

  const fail = (error: unknown): void => {
    const why = explainTracefsFailure(error, lockdown);
    if (why !== reason) logger.warning('kernel events are not available: listeners are found by polling', { reason: why });
    if (instance !== null) noticed.push({ kind: 'blind', reason: why });
    instance?.close();
    instance = null;
    isReadable = false;
    reason = why;
    due = clock.steady() + RETRY_INTERVAL;
  };

  const noteLoss = (from: TracefsInstance): void => {
    const count = from.countLost();
    if (count === null) noticed.push({ kind: 'blind', reason: 'someone cleared the trace buffer' });
    else if (count > 0) {
      lost += count;
      noticed.push({ kind: 'lost', count });
    }
  };

  /** Opens what is not open, and looks after what is. */
  const maintain = (): void => {
    const now = clock.steady();
    if (closed || now < due) return;
    try {
      if (instance === null) {
        instance = openInstance({ root: findTracefs(options.roots ?? TRACEFS_ROOTS), onlineCpus: options.onlineCpus ?? '/sys/devices/system/cpu/online', folders: options.folders ?? KERNEL_FOLDERS });
        logger.info('kernel events are read', { instance: instance.folder, bufferKib: instance.bufferKib });
        reason = '';
      } else {
        noteLoss(instance);
        instance.openCpus();
        const altered = instance.restore();
        if (altered.length > 0) {
          logger.warning('someone altered the trace instance: put right', { instance: instance.folder, files: altered.join(' ') });
          noticed.push({ kind: 'blind', reason: `someone altered ${altered.join(', ')} of ${instance.folder}` });
        }
      }
      due = now + CHECK_INTERVAL;
    } catch (error) {
      // What is in the buffers can be read even where the files are out of reach.
      const rest = read().events;
      noticed.push(...rest);
      fail(error);
    }
  };

  const read = (): { readonly events: readonly KernelEvent<T>[]; readonly pages: number } => {
    const outcome = instance === null ? null : readEvents(instance, reading, fail);
    try {
      if (outcome?.missed === true && instance !== null) noteLoss(instance);
    } catch (error) {
      fail(error);
    }
    if (outcome !== null && outcome.unknown > 0) noticed.push({ kind: 'blind', reason: `the kernel told of ${outcome.unknown} changes in a form that is not known here` });
    return { events: [...takeNoticed(), ...(outcome?.events ?? [])], pages: outcome?.pages ?? 0 };
  };

  const takeNoticed = (): readonly KernelEvent<T>[] => {
    const events = noticed;
    if (events.length > 0) noticed = [];
    return events;
  };

  const listen = (opened: TracefsInstance): void => {
    const over = wait(opened.readiness, CALL).catch(() => true).then((readable) => {
      call = null;
      // The call may be one for an instance that was given up meanwhile.
      if (readable && instance === opened) {
        isReadable = true;
        sleep.end();
      } else if (waiting !== null && instance !== null && !closed) listen(instance);
    });
    call = { overdueAt: clock.steady() + CALL + PATIENCE, over };
  };

  const waitAndRead = async (timeoutMs: number, again?: () => number | null): Promise<readonly KernelEvent<T>[]> => {
    try {
      maintain();
      const opened = instance;
      if (opened !== null && call === null && !isReadable) listen(opened);
      // Nobody goes on waiting where the instance is to be looked after, or where no thread was free for the call.
      const isToEnd = (): boolean => {
        const now = clock.steady();
        return now >= due || (instance !== null && (call === null || now >= call.overdueAt));
      };
      await (closed || isReadable ? sleep.take(0) : sleep.take(timeoutMs, () => (isToEnd() ? null : (again?.() ?? null))));
      if (opened === null) return read().events;
      const isAnnounced = isReadable;
      // Without a call, nobody announces anything.
      if (!isAnnounced && (call === null || clock.steady() < call.overdueAt)) return takeNoticed();
      isReadable = false;
      const { events, pages } = read();
      const isEmpty = isAnnounced && pages === 0 && instance === opened && !findMoreCpus(opened);
      // Once is nothing: a `drain` may have taken what the call was about.
      if (isEmpty && wasEmpty) await sleep.take(Math.min(PAUSE, timeoutMs));
      wasEmpty = isEmpty;
      return events;
    } finally {
      waiting = null;
    }
  };

  const findMoreCpus = (opened: TracefsInstance): boolean => {
    try {
      return opened.openCpus();
    } catch (error) {
      fail(error);
      return false;
    }
  };

  const wake = (): void => {
    sleep.end();
    try {
      instance?.wake();
    } catch {
      // Then the call ends by itself.
    }
  };

  maintain();
  return {
    next: (timeoutMs, again) => (waiting ??= waitAndRead(timeoutMs, again)),
    drain() {
      maintain();
      return read().events;
    },
    wake,
    state: () => ({ mode: instance === null ? 'polling' : 'tracefs', detail: instance === null ? reason : describe(instance, threadsCount), lost }),
    get isHearing() {
      return instance !== null;
    },
    recheck() {
      if (instance !== null) due = clock.steady();
    },
    async close() {
      closed = true;
      wake();
      await waiting;
      // While a call of poll(2) has its file open, the kernel does not remove the instance.
      if (call !== null) await within(call.over, LAST_WAIT);
      instance?.close();
      instance = null;
      reason = 'closed';
    },
  };
}

function describe(instance: TracefsInstance, threadsCount: boolean): string {
  const callers = threadsCount ? '' : '; this is a PID namespace (a container), where the callers in the events cannot be named';
  return `TCP, SCTP and DCCP at once from ${instance.folder}, ${instance.bufferKib} KiB per CPU; UDP by polling${callers}`;
}

function isInitialPidNamespace(link: string): boolean {
  try {
    return readlinkSync(link) === INITIAL_PID_NAMESPACE;
  } catch {
    return false;
  }
}
