import { statSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { createCgroupIndex } from '../inventory/cgroup-index.ts';
import { findChanged, mergeKnown, nextSearch, type Known } from '../inventory/known.ts';
import { createProcessStamps } from '../inventory/process-stamp.ts';
import { namesOf, surveyNamespaces, surveyNewcomers } from '../inventory/namespaces.ts';
import { gapsOf, takeInventory } from '../inventory/take-inventory.ts';
import type { Clock } from '../model/clock.ts';
import type { SourceName } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Listener } from '../model/listener.ts';
import type { NetworkNamespace, SocketDump, SocketSource } from '../model/socket.ts';
import { createCpuTimeReader } from '../sources/procfs/cpu-time.ts';
import { createWatchingNetlinkSource, type WatchingSource } from '../sources/netlink/source.ts';
import { compareLooks, EMPTY_SIGHT, isSameKnown, isSameSockets, type Sight } from './compare-looks.ts';
import { createCertainty } from './certainty.ts';
import { createQueue } from './queue.ts';
import { HOST_PATHS, listSources, withNativeCalls, type HostPaths, type HostReading } from './read-host.ts';
import { readScope, surveySockets, type HostScope, type HostSockets } from './read-sockets.ts';

/** What is known besides when a look is asked for. */
export interface LookHint {
  /** Processes that opened listeners, by the kernel's events. */
  readonly pids?: readonly number[];
  /** A listener is said to have opened that no look has shown: it may be in a namespace that is not known yet. */
  readonly unexplained?: boolean;
  /** No TCP socket began or ceased to listen since the look before, by the kernel's events. */
  readonly isTcpSteady?: boolean;
}

/** The listeners of a host at one moment, and what is other than at the look before. */
export interface Look extends HostReading {
  /** Whether `listeners` is another list than before. A listener of which nothing changed is the same object as before. */
  readonly changed: boolean;
  /** Inodes of the network namespaces that could not be read whole: what is missing there is not known to be closed. */
  readonly uncertain: ReadonlySet<number | null>;
  /** Listeners of whose sockets none was there before: opened, or opened anew by a restart. All of them at the first look. */
  readonly appeared: readonly Listener[];
  /** Listeners of whose sockets none is there any more, as they were last seen. */
  readonly vanished: readonly Listener[];
  /** Namespaces that no look before this one reached. */
  readonly newNamespaces: readonly NetworkNamespace[];
  readonly durationMs: number;
}

/**
 * What each tells, and how late (a look is meant to be taken each second, a sweep each minute):
 *
 * - a TCP, UDP, SCTP or DCCP socket that opened, closed, was bound anew, connected or joined others on its port: the next
 *   look. A TCP listener that was bound to another interface, or changed in any other way while it listens, where kernel events
 *   are heard: thirty looks. A raw socket, or one of UDP-Lite: thirty looks. A namespace: the next look where an event asked
 *   for it, or where `ip netns` named it and no events are heard; thirty looks where it has a name or a new process is in it,
 *   else the next sweep
 * - the owner has left and a child or whoever was sent the descriptor keeps the socket; the owner runs another program with
 *   the socket inherited; its program was deleted: thirty looks at the latest (`findChanged`). Until then the listener shows what
 *   was read of the owner; a process that has taken its pid is never named for it
 * - a second process that shares a socket by fork, SCM_RIGHTS or pidfd_getfd after the owner was found; one process of
 *   several that closed it; a process that put its name, user or unit off: the next sweep. Until the first sweep after it came
 *   a listener has `ownersComplete: false`, and names the owner that was found first, its parent, its children and siblings
 */
export interface HostWatcher {
  /**
   * Reads the sockets, and looks up what is new. A fault leaves the watcher as it was.
   * @throws PortreeveError
   */
  look(hint?: LookHint): Promise<Look>;
  /**
   * Counts as a look where it says true: all is as the last look found it. It reads the sockets of the own namespace, at once;
   * false where they are others, where anything else is due, or where there is more to read: then a look is to be taken. A fault
   * is left to the look to tell.
   */
  glance(isTcpSteady: boolean): boolean;
  /**
   * Finds out everything anew, as a one-off audit does, save for the descriptors of processes that did not run since the sweep
   * before, which each tenth one reads too, and one an hour. What came while it did is seen too, unless all is as the last look
   * found it: then the next look tells. Looks may be taken meanwhile; no step keeps the event loop waiting for long (40 to 130 ms
   * with 5,000 listeners and 2,000 processes).
   * @throws PortreeveError
   */
  sweep(): Promise<Look>;
  /** What the namespaces besides the own one are called now. */
  namespaces(): readonly NetworkNamespace[];
  close(): void;
}

export interface WatchOptions {
  /** The one source to use, or null for the best that exists here. */
  readonly source: SourceName | null;
  readonly clock: Clock;
  /** What namespaces were called by who watched before. */
  readonly called?: readonly NetworkNamespace[];
  readonly paths?: HostPaths;
  /** In the order in which they are tried. */
  readonly sources?: readonly (SocketSource & Partial<WatchingSource>)[];
}

/**
 * Every so many looks one is thorough: it lists all processes (0.4 ms for 500), checks those that hold listeners, and reads the
 * TCP sockets whatever the kernel's events say: they tell of no listener that is bound to another interface, and an event that
 * someone kept from us is not missed for longer than that. A sweep does all of it too, and they are counted from there.
 */
const THOROUGH_EVERY = 30;
const NONE: ReadonlySet<number> = new Set();
/** No more than this part of the time goes into looking into all processes for the owners of single sockets. */
const WALK_SHARE = 0.1;
/** At every so many sweeps the descriptors of all processes are read, also of those that did not run. */
const WHOLE_EVERY = 10;
const WHOLE_WITHIN = 3_600_000;
/** A survey for an opening that nothing explains costs 6 microseconds a process: no more often than this. Milliseconds. */
const SURVEY_PAUSE = 250;

/** A sweep that a look concludes. */
interface Swept {
  /** The number of the last look before it. */
  readonly begunAt: number;
  /** What it read, where that need not be read again. */
  readonly sockets: HostSockets | null;
}

/**
 * Watches the listeners of a host. From procfs or the portable source a look is a dump of everything, compared socket by
 * socket (protocol, address, port, inode): it costs what one of their dumps costs.
 */
export function createHostWatcher({ source: forced, clock, called = [], paths = HOST_PATHS, sources = listSources(paths.proc, () => createWatchingNetlinkSource(paths.proc)) }: WatchOptions): HostWatcher {
  const native = withNativeCalls(paths, forced);
  const inventoryPaths = { ...native, stamp: createProcessStamps(paths.proc, native === paths ? undefined : (createCpuTimeReader(paths.proc) ?? undefined)) };
  const cgroups = createCgroupIndex(paths.cgroupRoots);
  const certainty = createCertainty();
  const alone = createQueue();
  let base: { readonly scope: HostScope; readonly known: Known } | null = null;
  let last: { readonly sockets: HostSockets; readonly look: Look; readonly sight: Sight } | null = null;
  let count = 0;
  /** The number of the last look that was thorough, and when a sweep last read the descriptors of all processes. */
  let thoroughAt = 0;
  let sweepsSince = 0;
  let wholeAt = -Infinity;
  let searchAt: number | null = null;
  let mayWalkFrom = -Infinity;
  let surveyedAt = -Infinity;
  let namedAt = stampOf(paths.netns);
  let sweeping: Promise<Look> | null = null;

  /** The scope with namespaces that have come since, where something says that there are any. */
  const widen = (current: HostScope, { unexplained = false }: LookHint, isThorough: boolean): HostScope => {
    if (current.survey === null) return current;
    const stamp = stampOf(paths.netns);
    const isDue = stamp !== namedAt || (unexplained && clock.steady() - surveyedAt >= SURVEY_PAUSE);
    const survey = isDue ? null : isThorough ? surveyNewcomers(paths.proc, current.survey) : current.survey;
    if (survey !== null) return survey === current.survey ? current : { ...current, survey };
    namedAt = stamp;
    surveyedAt = clock.steady();
    return { ...current, survey: surveyNamespaces(paths.proc, paths.netns, namesOf(current.survey)) };
  };

  const lookNow = async (hint: LookHint, current: HostScope, knownBefore: Known, swept: Swept | null = null): Promise<Look> => {
    const startedAt = clock.steady();
    count += 1;
    const isThorough = swept === null && count - thoroughAt >= THOROUGH_EVERY;
    const readAt = swept?.begunAt ?? (isThorough ? count : thoroughAt);
    const scope = swept?.sockets?.scope ?? widen(current, hint, isThorough);
    const sockets = swept?.sockets ?? (await readScope(scope, null, hint.isTcpSteady === true && !isThorough));
    const changedProcesses = isThorough ? findChanged(knownBefore, paths.proc) : NONE;
    const isDue = !isSameKnown(knownBefore, base?.known) || (searchAt !== null && count >= searchAt) || changedProcesses.size > 0;
    if (last !== null && !isDue && isSameSockets(sockets, last.sockets)) {
      const gaps = knownBefore === base?.known ? last.look.gaps : [...sockets.gaps, ...gapsOf(knownBefore)];
      last = { ...last, look: { ...last.look, changed: false, gaps: isDeepStrictEqual(gaps, last.look.gaps) ? last.look.gaps : gaps, appeared: [], vanished: [], newNamespaces: [], durationMs: clock.steady() - startedAt } };
      base = { scope, known: knownBefore };
      thoroughAt = readAt;
      return last.look;
    }
    const inventory = await takeInventory(sockets.readings, inventoryPaths, sockets.secondLook, { known: knownBefore, changed: changedProcesses, look: count, hints: hint.pids ?? [], mayWalk: clock.steady() >= mayWalkFrom, cgroups });
    if (inventory.walkMs > 0) mayWalkFrom = clock.steady() + inventory.walkMs / WALK_SHARE;
    const uncertain = certainty.judge(sockets);
    const { sight, listeners, ...news } = compareLooks(last?.sight ?? EMPTY_SIGHT, inventory.known, uncertain);
    const reached = new Set(last?.sockets.readings.map(({ namespace }) => namespace.inode));
    const former = last?.look.listeners ?? null;
    const changed = listeners.length !== former?.length || listeners.some((listener, index) => listener !== former[index]);
    const look: Look = {
      changed,
      source: scope.source.name,
      listeners: changed ? listeners : former,
      gaps: [...sockets.gaps, ...gapsOf(inventory.known)],
      ephemeralPorts: sockets.readings[0]?.dump.ephemeralPorts ?? null,
      uncertain,
      ...news,
      newNamespaces: sockets.readings.map(({ namespace }) => namespace).filter(({ inode }) => !reached.has(inode)),
      durationMs: clock.steady() - startedAt,
    };
    base = { scope, known: sight.known };
    searchAt = nextSearch(sight.known);
    thoroughAt = readAt;
    last = { sockets, look, sight };
    return look;
  };

  const sweepNow = async (): Promise<Look> => {
    const [before, begunAt] = [base, count];
    for (const source of sources) source.refresh?.();
    const sockets = await surveySockets(forced, sources, paths, base === null ? called : namesOf(base.scope.survey));
    const begun = clock.steady();
    const isWhole = sweepsSince + 1 >= WHOLE_EVERY || begun - wholeAt >= WHOLE_WITHIN;
    const { known } = await takeInventory(sockets.readings, inventoryPaths, sockets.secondLook, base === null ? null : { known: isWhole ? forgetStamps(base.known) : base.known });
    sweepsSince = isWhole ? 0 : sweepsSince + 1;
    if (isWhole) wholeAt = begun;
    return alone.run(() => {
      const merged = base === null ? known : mergeKnown(base.known, known);
      // What came since is the next look's to tell, where all is as it was.
      const isUnchanged = base === before && last !== null && isSameKnown(merged, base?.known) && isSameSockets(sockets, last.sockets);
      return lookNow({}, sockets.scope, merged, { begunAt, sockets: isUnchanged ? sockets : null });
    });
  };
  const sweep = (): Promise<Look> =>
    (sweeping ??= asPortreeveError(sweepNow).finally(() => {
      sweeping = null;
    }));

  return {
    sweep,
    glance(isTcpSteady) {
      if (last === null || base === null || alone.isBusy) return false;
      const { sockets, look } = last;
      const isMoreToRead = sockets.readings.length + sockets.closed.length > 1 || look.uncertain.size > 0;
      // A namespace that is new tells of itself by an event as soon as a TCP listener is in it.
      const isOtherName = !isTcpSteady && base.scope.survey !== null && stampOf(paths.netns) !== namedAt;
      const isDue = count + 1 - thoroughAt >= THOROUGH_EVERY || (searchAt !== null && count + 1 >= searchAt) || isOtherName;
      if (isMoreToRead || isDue || !isOwnDump(base.scope.source, isTcpSteady, sockets.readings[0]?.dump)) return false;
      count += 1;
      return true;
    },
    look(hint = {}) {
      const first = base;
      return first === null ? sweep() : asPortreeveError(() => alone.run(() => lookNow(hint, (base ?? first).scope, (base ?? first).known)));
    },
    namespaces: () => (base === null ? called : namesOf(base.scope.survey)),
    close() {
      for (const source of sources) source.close?.();
    },
  };
}

/** So that the next search reads the descriptors of all processes. */
function forgetStamps(known: Known): Known {
  return { ...known, walk: { ...known.walk, stamps: new Map() } };
}

/** Whether the dump of the own namespace is the very same now. */
function isOwnDump(source: SocketSource, isTcpSteady: boolean, before: SocketDump | undefined): boolean {
  try {
    return before !== undefined && source.dumpOwn?.(isTcpSteady) === before;
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return false;
  }
}

/** A fault of /proc (too many open files, a folder that cannot be listed) must not end who asked. */
async function asPortreeveError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof PortreeveError || typeof (cause as NodeJS.ErrnoException).syscall !== 'string') throw cause;
    throw new PortreeveError('source-failed', `the listeners of this host could not be read: ${(cause as Error).message}`, { cause });
  }
}

/** Changes whenever a name comes or goes; null where there never was one. */
function stampOf(folder: string): number | null {
  try {
    return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? null;
  } catch {
    return null;
  }
}
