import type { AlertBook } from '../alerts/alert-book.ts';
import type { ExceptionStanding } from '../alerts/exceptions.ts';
import type { AuditedListener, AuditReport } from '../model/audit.ts';
import type { Clock } from '../model/clock.ts';
import { coverageOf } from '../model/coverage.ts';
import type { LatestAudit } from '../model/daemon.ts';
import type { EventDraft } from '../model/event.ts';
import { countUnusedDays } from '../model/exception-usage.ts';
import type { Listener, Owner } from '../model/listener.ts';
import type { ExceptionOverview } from '../model/policy-overview.ts';
import { composeReport } from '../pass/audit.ts';
import { isShipped, localDate } from '../pass/policy.ts';
import type { HostWatcher, Look } from '../pass/watch-host.ts';
import type { KernelEvent } from '../sources/tracefs/kernel-event.ts';
import type { ScanCounters } from './compose-status.ts';
import type { CoverageWatch } from './coverage-watch.ts';
import type { ExceptionUse } from './exception-use.ts';
import type { Inputs } from './inputs.ts';
import type { Judge } from './judge.ts';
import { judgePassing } from './judge-passing.ts';
import { createMissedEvents } from './missed-events.ts';
import { createTransients, type Place } from './transients.ts';

export interface TurnParts {
  readonly watcher: HostWatcher;
  readonly judge: Judge;
  readonly book: AlertBook;
  readonly use: ExceptionUse;
  readonly coverage: CoverageWatch;
  readonly inputs: () => Inputs;
  /** Milliseconds after which an exception that silenced nothing is worth a word. */
  readonly unusedAfter: () => number;
  readonly clock: Clock;
  /** CLOCK_MONOTONIC, as the kernel's events have it. Nanoseconds. */
  readonly monotonic: () => bigint;
  /** Events that the kernel has ready. */
  readonly drain: () => readonly KernelEvent<Owner>[];
  /** Whether the kernel tells of all listeners that open and close. */
  readonly isHearing: () => boolean;
}

export interface Turns {
  readonly counters: ScanCounters;
  /** Takes note of what the kernel told. */
  hear(events: readonly KernelEvent<Owner>[]): void;
  /** Whether any of what was heard since this was asked last asks for a look at once. */
  takeAsked(): boolean;
  /**
   * One turn, from the sockets to what there is to tell: the daemon's form of the pass.
   * @throws PortreeveError where the sockets could not be read; the next turn may go well
   */
  take(kind: 'look' | 'sweep'): Promise<readonly EventDraft[]>;
  /** Counts as a look where it says true: there is nothing to tell, which was found out at once. False: a look is to be taken. */
  glance(): boolean;
  /** What time alone brings: listeners settle, reminders come due. */
  elapse(): readonly EventDraft[];
  /** Registry or policy are others now: every listener is judged anew. */
  rejudge(): readonly EventDraft[];
  /** Null before the first turn. */
  latest(): LatestAudit | null;
  /** That of the latest audit: the same object while nothing changes. */
  summary(): AuditReport['summary'] | null;
  /** What was not told yet of events that were missed, before the daemon stops. */
  close(): readonly EventDraft[];
  /** Whether the book may have learned anything since this was asked last: then what it would save is another. */
  takeLearned(): boolean;
}

/**
 * So many looks after the kernel told anything, or could not, read the TCP sockets: an opening is told a moment before the
 * socket can be seen (inet_csk_listen_start(), net/ipv4/inet_connection_sock.c). One that no look shows is looked for beyond that.
 */
const LOOKS_AFTER_NEWS = 2;
/** What a policy can ask for that changes while a listener stays the very same. */
const PASSING_FACTS = ['age', 'peers', 'exePackage'];

export function createTurns({ watcher, judge, book, use, coverage, inputs, unusedAfter, clock, monotonic, drain, isHearing }: TurnParts): Turns {
  const transients = createTransients();
  const missed = createMissedEvents(clock);
  const counters: ScanCounters = { ticks: 0, changes: 0, lastTickAt: null, lastTickMs: null, lastSweepAt: null, lastSweepMs: null };
  let last: { readonly look: Look; readonly startedAt: Date; readonly durationMs: number } | null = null;
  let listeners: readonly AuditedListener[] = [];
  /** Made when it is asked for, and kept while nothing changes. */
  let report: AuditReport | null = null;
  let hasLearned = false;
  /** By what the exceptions' standings were drawn up last. */
  let stood: { readonly inputs: Inputs; readonly listeners: readonly AuditedListener[]; readonly today: string; readonly unusedAfter: number } | null = null;
  let callers = new Set<number>();
  let isAsked = false;
  let unsteadyLooks = LOOKS_AFTER_NEWS;

  const hear = (events: readonly KernelEvent<Owner>[]): void => {
    if (events.length > 0) unsteadyLooks = LOOKS_AFTER_NEWS;
    for (const event of events) {
      if (event.kind === 'lost') missed.lose(event.count);
      else if (event.kind === 'blind') missed.goBlind(event.reason);
      // The subflow of an MPTCP socket is told too, as TCP, which is what the socket tables show.
      else if (event.protocol !== 'mptcp') {
        isAsked = true;
        if (event.kind === 'close') transients.closed(event.socket, event.port, event.timestamp);
        else {
          transients.opened(event.socket, { ...event, protocol: event.protocol, caller: event.caller });
          if (event.caller !== null) callers.add(event.caller.pid);
        }
      }
    }
    missed.overflow(transients.takeOverflow());
  };

  /** Gives the listeners to the book, judged. */
  const observe = (look: Look, appeared: readonly Listener[]): readonly EventDraft[] => {
    listeners = judge.judge(look.listeners, look.source);
    report = null;
    hasLearned = true;
    use.note(listeners, localDate(clock.now()));
    return book.observe({ listeners, appeared, uncertain: ({ netns }) => look.uncertain.has(netns.inode) });
  };

  return {
    counters,
    hear,
    glance() {
      const isHeard = isHearing();
      if (last === null || (isHeard && unsteadyLooks > 0) || transients.unexplained > 0 || missed.isAny) return false;
      if (!isHeard) unsteadyLooks = LOOKS_AFTER_NEWS;
      const startedAt = clock.now();
      const begun = clock.steady();
      if (!watcher.glance(isHeard)) return false;
      last = { look: last.look, startedAt, durationMs: clock.steady() - begun };
      counters.ticks += 1;
      counters.lastTickAt = startedAt;
      counters.lastTickMs = last.durationMs;
      return true;
    },
    async take(kind) {
      const startedAt = clock.now();
      const begun = clock.steady();
      // This one, and as many more once it tells again.
      if (!isHearing()) unsteadyLooks = LOOKS_AFTER_NEWS + 1;
      const isTcpSteady = kind === 'look' && unsteadyLooks === 0 && transients.unexplained === 0;
      // What is told while a steady look is under way asks for the next one. It is not taken from who waits for it.
      if (!isTcpSteady) hear(drain());
      isAsked = false;
      const lookedAt = monotonic();
      const hint = { pids: [...callers], unexplained: transients.unexplained > 0, isTcpSteady };
      callers = new Set();
      const after = Math.max(0, unsteadyLooks - 1);
      const look = kind === 'sweep' ? await watcher.sweep() : await watcher.look(hint);
      unsteadyLooks = after;
      if (!isTcpSteady) hear(drain());
      const durationMs = clock.steady() - begun;
      counters.ticks += 1;
      counters.lastTickAt = startedAt;
      counters.lastTickMs = durationMs;
      if (look.changed) counters.changes += 1;
      const { registry, policy } = inputs();
      const isJudgedAnew = kind === 'sweep' && PASSING_FACTS.some((field) => policy.fields.has(field));
      if (isJudgedAnew) judge.renew(registry, policy);
      // Absence in a namespace that was not read whole becomes certain only by another look.
      const isNews = look.changed || look.appeared.length > 0 || isJudgedAnew || last === null || look.uncertain.size + last.look.uncertain.size > 0;
      if (look.gaps !== last?.look.gaps) report = null;
      last = { look, startedAt, durationMs };

      const passed = transients.settle(placesOf(look.listeners), placesOf(look.appeared), lookedAt);
      if (kind === 'sweep') {
        counters.lastSweepAt = startedAt;
        counters.lastSweepMs = durationMs;
      }
      const drafts = isNews ? [...observe(look, look.appeared)] : [];
      hasLearned ||= passed.length > 0;
      for (const passing of passed) {
        const listener = judgePassing(passing, look.ephemeralPorts, judge, look.source);
        if (listener === null) continue;
        const told = book.passed({ listener, livedMs: passing.livedMs, count: 1 });
        // Inside a PID namespace the kernel tells of the whole machine, and nothing says what of it is ours: no one is alarmed.
        drafts.push(...(passing.thread === null ? told.map((draft) => ({ ...draft, audience: 'record' as const })) : told));
      }
      drafts.push(...elapse(), ...missed.tell());
      if (kind === 'sweep') drafts.push(...coverage.note(coverageOf(look.source, look.gaps)), ...reviewExceptions());
      return drafts;
    },
    elapse,
    rejudge() {
      judge.renew(inputs().registry, inputs().policy);
      return last === null ? [] : [...observe(last.look, []), ...reviewExceptions()];
    },
    summary: () => (last === null ? null : compose(last).summary),
    takeAsked() {
      const asked = isAsked;
      isAsked = false;
      return asked;
    },
    close: () => missed.close(),
    takeLearned() {
      const learned = hasLearned;
      hasLearned = false;
      return learned;
    },
    latest() {
      if (last === null) return null;
      const { startedAt, durationMs } = last;
      return { report: { ...compose(last), startedAt: startedAt.toISOString(), durationMs: Math.round(durationMs) }, ageMs: Math.max(0, clock.now().getTime() - startedAt.getTime()) };
    },
  };

  function compose({ look, startedAt, durationMs }: NonNullable<typeof last>): AuditReport {
    report ??= composeReport({ startedAt, endedAt: new Date(startedAt.getTime() + durationMs), reading: look, registry: inputs().registry, policy: inputs().policy, listeners });
    return report;
  }

  function elapse(): readonly EventDraft[] {
    hasLearned ||= clock.steady() >= (book.nextDue() ?? Infinity);
    return book.elapse();
  }

  /** What there is to tell of the exceptions: nothing where policy, listeners and day are those of the last time. */
  function reviewExceptions(): readonly EventDraft[] {
    const now = { inputs: inputs(), listeners, today: localDate(clock.now()), unusedAfter: unusedAfter() };
    if (now.inputs === stood?.inputs && now.listeners === stood.listeners && now.today === stood.today && now.unusedAfter === stood.unusedAfter) return [];
    stood = now;
    hasLearned = true;
    const { inputs: { exceptions }, today } = now;
    use.note(listeners, today);
    use.watch(exceptions.filter(({ inForce }) => inForce).map(({ id }) => id), today);
    return book.exceptions(exceptions.map((exception) => standingOf(exception, use, today, now.unusedAfter)));
  }
}

const MS_PER_DAY = 86_400_000;

function standingOf({ id, expires, daysLeft, inForce, owner, position }: ExceptionOverview, use: ExceptionUse, today: string, unusedAfterMs: number): ExceptionStanding {
  const unusedDays = countUnusedDays(use.usage, id, today) ?? 0;
  // Most shipped exceptions are for software that this host does not have.
  const isUnused = inForce && !isShipped(position.file) && unusedDays * MS_PER_DAY >= unusedAfterMs;
  return { id, expires, daysLeft, unusedDays: isUnused ? unusedDays : null, owner, file: position.file, line: position.line };
}

/** Gone through only where an opening waits to be explained: with 1,000 listeners it was an eighth of what an idle look took. */
function* placesOf(listeners: readonly Listener[]): Iterable<Place> {
  for (const { protocol, family, address, port } of listeners) if (port !== null) yield { protocol, family, address, port };
}
