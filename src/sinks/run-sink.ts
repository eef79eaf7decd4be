import type { Clock } from '../model/clock.ts';
import type { SinkConfig } from '../model/config.ts';
import type { SinkStatus } from '../model/daemon.ts';
import type { CursorStore, EventDraft, EventReader, PortreeveEvent, SinkCursor } from '../model/event.ts';
import { hearSignals } from '../model/hear-signals.ts';
import type { Logger } from '../model/logger.ts';
import { acceptsEvent } from './accepts-event.ts';
import { countBacklog } from './backlog.ts';
import { describeFailure } from './describe-failure.ts';
import { trackHealth } from './health.ts';
import { describeLoss, findLoss, type Loss } from './loss.ts';
import { trackProgress } from './progress.ts';
import { readAhead } from './read-ahead.ts';
import { createBell, SYSTEM_TIMERS, type Timers } from './timers.ts';
import type { Channel, Transport } from './transport.ts';

/** Events sent at a time, while as many are read: what a sink holds in memory. All else waits in the event log. */
const BATCH = 256;
/** An event that is refused for so long is given up, so that it does not hold up those behind it for ever. Milliseconds. */
const GIVE_UP_AFTER = 3_600_000;

/** What is given up needs a moment to end: programs are told to, before they are killed. What then still hangs is left. Milliseconds. */
const GRACE = 2500;

export interface SinkDependencies {
  readonly reader: EventReader;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Appends an event to the event log: that events were lost is told to every sink. */
  report(draft: EventDraft): void;
  /** A sink without a cursor begins after this sequence. Absent: after the newest event that there is now. */
  readonly begin?: number;
  readonly timers?: Timers;
  readonly random?: () => number;
}

export interface RunningSink {
  /** There are new events. Returns at once. */
  wake(): void;
  status(): SinkStatus;
  /** Opens files anew, and tries a receiver that failed without waiting (SIGHUP). */
  reopen(): void;
  /** Sends what there is while that goes well, for at most so many milliseconds, and ends. Never rejects. */
  stop(deadline: number): Promise<void>;
}

/**
 * Reads the event log after the sink's cursor and sends what the sink takes, in order, at least once. The log is the only
 * queue: a receiver that is away costs two batches of memory. Runs until it is stopped; failures are told by `status` and
 * the logger.
 */
export function runSink(config: SinkConfig, transport: Transport, dependencies: SinkDependencies): RunningSink {
  const { reader, cursors, clock, logger, timers = SYSTEM_TIMERS } = dependencies;
  const bell = createBell(timers);
  const abandon = new AbortController();
  const health = trackHealth(config.name, transport.target, clock, logger, dependencies.random);
  const beginning = findStart(config.name, dependencies);
  const progress = trackProgress(beginning, config.type === 'syslog' ? config.resend : 0);
  const backlog = countBacklog(config, reader, beginning);
  const batches = readAhead(reader, BATCH);
  let channel: Channel | null = null;
  let refused: { readonly sequence: number; readonly since: number } | null = null;
  let sending = false;
  let stopping = false;

  function save(): Promise<void> {
    backlog.settle(progress.cursor.confirmed);
    return cursors.save(config.name, { ...progress.cursor, closedBy: transport.closedBy });
  }

  function fail(reason: string): void {
    channel?.destroy();
    channel = null;
    progress.rewind();
    backlog.rewind(progress.position);
    health.fail(reason);
  }

  function lose(loss: Loss | null): void {
    if (loss === null) return;
    backlog.recount();
    health.lose(loss.count);
    logger.error('events were lost before a sink could send them', { sink: config.name, count: loss.count, reason: loss.reason });
    dependencies.report(describeLoss(config.name, loss));
  }

  /** Ends the connection in good order, which asks the receiver for proof; the next event opens another. False: no proof. */
  async function closeChannel(): Promise<boolean> {
    if (channel === null) return true;
    const closing = channel;
    const read = await closing.close(abandon.signal);
    if (read) channel = null;
    else fail(closing.broken ?? 'the receiver does not read, or does not end the connection after us');
    return read;
  }

  /** Sends events of the log up to `upTo`; `wanted` are those of them that the sink takes. */
  async function send(wanted: readonly PortreeveEvent[], upTo: number, loss: Loss | null): Promise<void> {
    channel ??= await transport.open(() => { bell.ring(); }, abandon.signal);
    const batch = wanted.map((event) => ({ event, possibleDuplicate: progress.isPossibleDuplicate(event.sequence) }));
    progress.attempt(upTo);
    batches.prepare(upTo);
    // Before the first byte goes out: what a crash makes go out again is marked as a possible duplicate.
    await save();
    const { taken, attempted, error, refused: refusal } = await channel.send(batch, abandon.signal);
    progress.attemptEnded(attempted === wanted.length ? upTo : (wanted[attempted - 1]?.sequence ?? progress.position));
    if (taken > 0) {
      progress.take(taken === wanted.length ? upTo : (wanted[taken - 1]?.sequence ?? upTo), channel.proof !== 'closed', clock.steady());
      backlog.advance(progress.position, taken);
      health.take(taken);
      if (channel.proof !== 'closed') health.succeed();
      refused = null;
      lose(loss);
    }
    const failed = wanted[taken];
    if (failed !== undefined) {
      if (refusal === true) giveUp(failed.sequence, error ?? '');
      fail(error ?? 'not everything was taken');
    }
    void save();
  }

  function giveUp(sequence: number, reason: string): void {
    const now = clock.steady();
    if (refused?.sequence !== sequence) refused = { sequence, since: now };
    if (now - refused.since < GIVE_UP_AFTER) return;
    logger.error('an event is given up: its receiver refuses it', { sink: config.name, sequence, error: reason });
    progress.pass(sequence);
    backlog.advance(sequence, 0);
    lose({ count: 1, from: sequence, to: sequence, reason: 'refused' });
  }

  /** One turn: does what is due, or sleeps until something is. False when it has ended. */
  async function turn(): Promise<boolean> {
    const now = clock.steady();
    if (progress.settle(now)) void save();
    if (abandon.signal.aborted) return false;
    if (channel !== null && channel.broken !== null) fail(channel.broken);
    if (health.retryAt !== null && health.retryAt > now) {
      if (stopping) return false;
      // An event log that cannot be read now is read again, and complained of, when the receiver is back.
      if (!(await backlog.lookAhead().catch(() => false))) await bell.wait(health.retryAt - now);
      return true;
    }
    if (progress.askAt !== null && progress.askAt <= now) {
      sending = true;
      if (await closeChannel()) {
        progress.prove(clock.steady());
        health.succeed();
        // That it closes after us is known from now on, whatever becomes of this process.
        void save();
      }
      return true;
    }
    const { events, upTo } = await batches.readAfter(progress.position);
    if (upTo > progress.position) {
      const wanted = events.filter((event) => acceptsEvent(config, event));
      const loss = findLoss(events, progress.position, upTo);
      backlog.see(upTo, wanted.length);
      if (wanted.length > 0) {
        sending = true;
        await send(wanted, upTo, loss);
      } else {
        progress.pass(upTo);
        backlog.advance(upTo, 0);
        lose(loss);
        void save();
      }
      return true;
    }
    if (stopping) return false;
    const due = Math.min(progress.askAt ?? Infinity, progress.settleAt ?? Infinity);
    await bell.wait(due === Infinity ? null : Math.max(0, due - now));
    return true;
  }

  async function run(): Promise<void> {
    for (let going = true; going; ) {
      try {
        going = await turn();
      } catch (cause) {
        fail(describeFailure(cause));
      }
      sending = false;
      // A backlog must not keep the scan from its turn.
      await hearSignals();
    }
    // What the receiver has read by now is not sent again by the next start; else all that is unconfirmed is.
    if (await closeChannel()) progress.confirmAll();
    await save();
  }

  // Kept before the first event: else a crash would make the sink a new one again, which begins with what happens later.
  void save();
  const running = run();
  return {
    wake: () => { bell.ring(); },
    status: () => ({
      name: config.name,
      type: config.type,
      target: transport.target,
      state: sending ? 'sending' : health.retryAt !== null ? 'waiting' : 'idle',
      queued: backlog.queued(),
      ...health.report(),
    }),
    reopen() {
      transport.reopen?.();
      health.hurry();
      bell.ring();
    },
    async stop(deadline) {
      stopping = true;
      let cancelGrace = (): void => undefined;
      const cancel = timers.after(deadline, () => { abandon.abort(); });
      bell.ring();
      await Promise.race([running, new Promise<void>((resolve) => { cancelGrace = timers.after(deadline + GRACE, resolve); })]);
      cancel();
      cancelGrace();
      abandon.abort();
    },
  };
}

function findStart(sink: string, { reader, cursors, logger, begin = reader.newest }: SinkDependencies): SinkCursor {
  const kept = cursors.load(sink);
  if (kept === null) return { confirmed: begin, attempted: begin };
  if (kept !== 'unreadable' && kept.confirmed <= reader.newest) return kept;
  // The cursor is damaged, or the log was replaced or lost its end in a crash: which events the receiver has cannot be told.
  const why = kept === 'unreadable' ? 'how far a sink had got cannot be read' : 'the event log is not the one that a sink has read before';
  logger.warning(`${why}: it begins with the oldest event`, { sink });
  return { confirmed: reader.oldest - 1, attempted: reader.newest };
}
