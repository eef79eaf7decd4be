import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import type { Clock } from '../../model/clock.ts';
import type { KernelEvents } from '../../model/daemon.ts';
import type { Logger } from '../../model/logger.ts';
import { createSleep, type Sleep } from '../../model/sleep.ts';
import { createLoopSleep } from '../../native/loop-sleep.ts';
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
  readonly sleep?: Sleep;
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
  /** Ends a wait at once. */
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
 * Measured on two cores, busy otherwise (Linux 6.18, Node 20): 0.3 ms from listen(2) to the event in hand, 2.5 ms at the worst of
 * 200; 7 us for a `drain` of nothing; 7 ms for 1,000 listeners that opened and closed; 45 ms to make the instance, once.
 */
export function createKernelEvents<T>(options: KernelEventOptions<T>): KernelEventReader<T> {
  const { clock, logger, sleep = createLoopSleep() ?? createSleep(), pidNamespace = '/proc/self/ns/pid', lockdown = '/sys/kernel/security/lockdown' } = options;
  const threadsCount = isInitialPidNamespace(pidNamespace);
  const reading = { identify: options.identify, threadsCount, disguise: randomBytes(8).readBigUInt64LE() };
  let instance: TracefsInstance | null = null;
  let reason = '';
  let due = -Infinity;
  let lost = 0;
  let closed = false;
  let waiting: Promise<readonly KernelEvent<T>[]> | null = null;
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

  const waitAndRead = async (timeoutMs: number, again: () => number | null = () => null): Promise<readonly KernelEvent<T>[]> => {
    try {
      maintain();
      const opened = instance;
      // Nobody goes on waiting where the instance is to be looked after.
      const isReadable = await sleep.take(timeoutMs, () => (clock.steady() >= due ? null : again()), opened?.readiness ?? null);
      if (opened === null || !isReadable) {
        wasEmpty = false;
        return takeNoticed();
      }
      const { events, pages } = read();
      // Others than ours: someone altered what is traced.
      if (pages > 0 && events.length === 0) due = clock.steady();
      // A sleep that does not know has lasted its time.
      const isEmpty = sleep.isPrompt && events.length === 0 && instance === opened && !findMoreCpus(opened);
      // Once is nothing: a `drain` may have taken what was announced.
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

  maintain();
  return {
    next: (timeoutMs, again) => (closed ? Promise.resolve(takeNoticed()) : (waiting ??= waitAndRead(timeoutMs, again))),
    drain() {
      maintain();
      return read().events;
    },
    wake() {
      sleep.end();
    },
    state: () => ({ mode: instance === null ? 'polling' : 'tracefs', detail: instance === null ? reason : describe(instance, threadsCount, sleep.isPrompt), lost }),
    get isHearing() {
      return instance !== null;
    },
    recheck() {
      if (instance !== null) due = clock.steady();
    },
    async close() {
      closed = true;
      sleep.end();
      await waiting;
      instance?.close();
      instance = null;
      reason = 'closed';
    },
  };
}

function describe(instance: TracefsInstance, threadsCount: boolean, isPrompt: boolean): string {
  const callers = threadsCount ? '' : '; this is a PID namespace (a container), where the callers in the events cannot be named';
  return `TCP, SCTP and DCCP ${isPrompt ? 'at once' : 'at each look'} from ${instance.folder}, ${instance.bufferKib} KiB per CPU; UDP by polling${callers}`;
}

function isInitialPidNamespace(link: string): boolean {
  try {
    return readlinkSync(link) === INITIAL_PID_NAMESPACE;
  } catch {
    return false;
  }
}
