import { describe, expect, it } from 'vitest';
import type { EventDraft } from '../../src/model/event.ts';
import { runSink } from '../../src/sinks/run-sink.ts';
import type { Channel, Outgoing, Transport } from '../../src/sinks/transport.ts';
import { aSyslogSink, fakeCursors, fakeLog, fakeLogger, fakeTime, type FakeCursors, type FakeLog } from './fakes.ts';

const MARK = '0123456789abcdef';

/** A receiver whose faults a test sets. */
function fakeReceiver(proof: Channel['proof'] = 'sent') {
  const receiver = {
    arrived: [] as Outgoing[],
    opened: 0,
    closed: 0,
    reachable: true,
    reason: 'connect ECONNREFUSED',
    /** Of a batch, so many are taken. */
    takes: Infinity,
    refuses: false,
    closes: true,
    closedBy: undefined as string | undefined,
    hangs: false,
    breakNow: (): void => undefined,
  };
  const transport: Transport = {
    target: 'fake',
    get closedBy() {
      return receiver.closedBy;
    },
    open(broken) {
      if (!receiver.reachable) return Promise.reject(new Error(receiver.reason));
      receiver.opened++;
      let failure: string | null = null;
      receiver.breakNow = () => {
        failure = 'read ECONNRESET';
        broken();
      };
      return Promise.resolve({
        proof,
        facts: {},
        get broken() {
          return failure;
        },
        async send(batch, signal) {
          if (receiver.hangs) await new Promise((resolve) => { signal.addEventListener('abort', resolve); });
          if (receiver.hangs) return { taken: 0, attempted: batch.length, error: 'stopped' };
          const taken = Math.min(receiver.takes, batch.length);
          receiver.arrived.push(...batch.slice(0, taken));
          return { taken, attempted: taken, error: taken < batch.length ? 'full' : null, refused: receiver.refuses };
        },
        close() {
          receiver.closed++;
          if (receiver.closes) receiver.closedBy = MARK;
          return Promise.resolve(receiver.closes);
        },
        destroy: () => undefined,
      });
    },
  };
  return { receiver, transport };
}

function start(proof: Channel['proof'], log: FakeLog, options: { cursors?: FakeCursors; begin?: number; resend?: number; minSeverity?: 'warning' } = {}) {
  const time = fakeTime();
  const logger = fakeLogger();
  const cursors = options.cursors ?? fakeCursors({ central: { confirmed: 0, attempted: 0 } });
  const reported: EventDraft[] = [];
  const { receiver, transport } = fakeReceiver(proof);
  const config = aSyslogSink({ resend: options.resend ?? 10_000, minSeverity: options.minSeverity ?? 'info' });
  const sink = (): ReturnType<typeof runSink> =>
    runSink(config, transport, { reader: log, cursors, clock: time, logger, timers: time, random: () => 0, report: (draft) => void reported.push(draft), ...(options.begin === undefined ? {} : { begin: options.begin }) });
  const sequences = (): readonly number[] => receiver.arrived.map(({ event }) => event.sequence);
  return { time, logger, cursors, reported, receiver, sequences, sink: sink(), again: sink };
}

describe('a sink', () => {
  it('sends what the log has after its cursor, in order, and what comes later', async () => {
    const log = fakeLog(3);
    const { time, sequences, sink, cursors } = start('sent', log, { cursors: fakeCursors({ central: { confirmed: 1, attempted: 1 } }) });
    await time.pass(0);
    expect(sequences()).toEqual([2, 3]);
    log.append({}, {});
    sink.wake();
    await time.pass(0);
    expect(sequences()).toEqual([2, 3, 4, 5]);
    expect(cursors.saved.get('central')).toEqual({ confirmed: 5, attempted: 5 });
    expect(sink.status()).toMatchObject({ name: 'central', state: 'idle', queued: 0, sent: 4, lost: 0, error: null });
  });

  it('begins with what happens from now on where it is new, or where the daemon says', async () => {
    const late = start('sent', fakeLog(3), { cursors: fakeCursors() });
    // Kept at once: a crash before its first event must not move the beginning.
    expect(late.cursors.saved.get('central')).toEqual({ confirmed: 3, attempted: 3 });
    await late.time.pass(0);
    expect(late.sequences()).toEqual([]);
    const early = start('sent', fakeLog(3), { cursors: fakeCursors(), begin: 1 });
    await early.time.pass(0);
    expect(early.sequences()).toEqual([2, 3]);
  });

  it('begins with the oldest event, marked, where its cursor cannot be read: what it has not sent must not be lost', async () => {
    const log = fakeLog(4);
    log.drop(1);
    const { time, receiver, cursors, logger, reported } = start('sent', log, { cursors: { ...fakeCursors(), load: () => 'unreadable' } });
    await time.pass(0);
    expect(receiver.arrived.map(({ event, possibleDuplicate }) => [event.sequence, possibleDuplicate])).toEqual([[2, true], [3, true], [4, true]]);
    expect(cursors.saved.get('central')).toEqual({ confirmed: 4, attempted: 4 });
    expect(logger.lines).toEqual([{ level: 'warning', message: 'how far a sink had got cannot be read: it begins with the oldest event', fields: { sink: 'central' } }]);
    expect(reported).toEqual([]);
  });

  it('takes alerts from its severity on, and moves its cursor over the others', async () => {
    const log = fakeLog();
    log.append({ severity: 'notice' }, { severity: 'warning' }, { audience: 'record', kind: 'closed', severity: 'critical' });
    const { time, sequences, cursors } = start('sent', log, { minSeverity: 'warning' });
    await time.pass(0);
    expect(sequences()).toEqual([2]);
    expect(cursors.saved.get('central')?.confirmed).toBe(3);
  });

  it('waits longer after each failure, tells of the first and of the recovery, and loses nothing', async () => {
    const log = fakeLog(2);
    const { time, receiver, sequences, sink, logger } = start('sent', log);
    receiver.reachable = false;
    await time.pass(0);
    expect(sink.status()).toMatchObject({ state: 'waiting', queued: 2, error: 'connect ECONNREFUSED' });
    await time.pass(64_000);
    receiver.reachable = true;
    await time.pass(60_000);
    expect(sequences()).toEqual([1, 2]);
    expect(sink.status()).toMatchObject({ state: 'idle', queued: 0, error: null });
    expect(logger.lines.filter(({ level }) => level === 'warning')).toHaveLength(1);
    const delays = logger.lines.flatMap(({ fields }) => (typeof fields['retryInMs'] === 'number' ? [fields['retryInMs']] : []));
    expect(delays.slice(0, 8)).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000]);
    expect(logger.lines.at(-1)?.message).toBe('a sink reaches its receiver again');
  });

  it('tells of each reason once, and what to do about it', async () => {
    const { time, receiver, sink, logger } = start('sent', fakeLog(1));
    receiver.reachable = false;
    for (const reason of ['connect ECONNREFUSED', 'certificate has expired', 'connect ECONNREFUSED', ...Array.from({ length: 20 }, (_, index) => `reason ${index}`)]) {
      receiver.reason = reason;
      await time.pass(60_000);
      expect(sink.status().error).toBe(reason);
    }
    const warnings = logger.lines.filter(({ level }) => level === 'warning').map(({ fields }) => fields['error']);
    expect(warnings).toEqual(['connect ECONNREFUSED', 'certificate has expired', 'reason 0', 'reason 1', 'reason 2']);
    expect(logger.lines[0]?.fields['hint']).toContain('does the receiver run');
    receiver.reason = 'certificate has expired';
    await time.pass(60_000);
    expect(sink.status().hint).toContain("renew the receiver's certificate");
    receiver.reachable = true;
    await time.pass(60_000);
    expect(sink.status().hint).toBeNull();
  });

  it('does not wait where somebody asks it to try (SIGHUP)', async () => {
    const { time, receiver, sequences, sink } = start('sent', fakeLog(1));
    receiver.reachable = false;
    await time.pass(120_000);
    receiver.reachable = true;
    sink.reopen();
    await time.pass(0);
    expect(sequences()).toEqual([1]);
  });

  it('goes on after what a receiver took of a batch, without doubt about the rest', async () => {
    const { time, receiver } = start('sent', fakeLog(5));
    receiver.takes = 2;
    await time.pass(0);
    receiver.takes = Infinity;
    await time.pass(1000);
    expect(receiver.arrived.map(({ event, possibleDuplicate }) => [event.sequence, possibleDuplicate])).toEqual([[1, false], [2, false], [3, false], [4, false], [5, false]]);
  });

  it('marks after a crash what may have gone out before it', async () => {
    const { time, receiver } = start('sent', fakeLog(4), { cursors: fakeCursors({ central: { confirmed: 1, attempted: 3 } }) });
    await time.pass(0);
    expect(receiver.arrived.map(({ event, possibleDuplicate }) => [event.sequence, possibleDuplicate])).toEqual([[2, true], [3, true], [4, false]]);
  });

  it('reports, once the receiver is back, what fell out of the log meanwhile', async () => {
    const log = fakeLog(10);
    const { time, receiver, sequences, reported, sink } = start('sent', log);
    receiver.reachable = false;
    await time.pass(0);
    log.drop(6);
    await time.pass(10_000);
    expect(reported).toEqual([]);
    receiver.reachable = true;
    await time.pass(60_000);
    expect(sequences()).toEqual([7, 8, 9, 10]);
    expect(reported).toHaveLength(1);
    expect(reported[0]).toMatchObject({ kind: 'loss', audience: 'alert', severity: 'error', detail: { sink: 'central', count: 6, firstSequence: 1, lastSequence: 6 } });
    expect(sink.status().lost).toBe(6);
  });

  it('gives up an event that is refused for an hour, and says so', async () => {
    const log = fakeLog(2);
    const { time, receiver, sequences, reported } = start('sent', log);
    receiver.takes = 0;
    receiver.refuses = true;
    await time.pass(3_600_000 - 1000);
    expect(reported).toEqual([]);
    await time.pass(120_000);
    expect(reported[0]?.detail).toMatchObject({ count: 1, firstSequence: 1, reason: 'refused' });
    receiver.takes = Infinity;
    await time.pass(60_000);
    expect(sequences()).toEqual([2]);
  });

  it('holds nothing in memory but a batch while the receiver is away', async () => {
    const log = fakeLog(5000);
    let most = 0;
    const reader = { get newest() { return log.newest; }, get oldest() { return log.oldest; }, readAfter: (after: number, limit: number) => { most = Math.max(most, limit); return log.readAfter(after, limit); } };
    const time = fakeTime();
    const { receiver, transport } = fakeReceiver();
    receiver.reachable = false;
    runSink(aSyslogSink(), transport, { reader, cursors: fakeCursors({ central: { confirmed: 0, attempted: 0 } }), clock: time, logger: fakeLogger(), timers: time, report: () => undefined });
    await time.pass(600_000);
    expect(most).toBe(256);
  });

  it('counts as queued what its filter takes, however often it tried, and what it has to send again', async () => {
    const log = fakeLog();
    for (let index = 0; index < 300; index++) log.append({ severity: index % 3 === 0 ? 'error' : 'info' });
    const { time, sink, receiver } = start('closed', log, { minSeverity: 'warning' });
    receiver.reachable = false;
    await time.pass(5000);
    expect(sink.status()).toMatchObject({ state: 'waiting', queued: 100 });
    log.append({ severity: 'info' }, { severity: 'error' });
    sink.wake();
    await time.pass(0);
    expect(sink.status().queued).toBe(101);
    receiver.reachable = true;
    await time.pass(60_000);
    expect(sink.status()).toMatchObject({ state: 'idle', queued: 0, sent: 101 });
    log.append({}, {});
    sink.wake();
    await time.pass(0);
    expect(sink.status().queued).toBe(0);
    receiver.reachable = false;
    receiver.breakNow();
    await time.pass(0);
    expect(sink.status()).toMatchObject({ state: 'waiting', queued: 2 });
  });

  it('counts as queued what its filter takes also while its receiver takes its time', async () => {
    const log = fakeLog();
    for (let index = 0; index < 30; index++) log.append({ severity: index % 3 === 0 ? 'error' : 'info' });
    const { time, sink, receiver } = start('sent', log, { minSeverity: 'warning' });
    receiver.hangs = true;
    await time.pass(100);
    expect(sink.status()).toMatchObject({ state: 'sending', queued: 10 });
  });

  it('counts anew where what it had counted left the event log', async () => {
    const log = fakeLog(200);
    const { time, sink, receiver } = start('sent', log);
    receiver.reachable = false;
    await time.pass(100);
    expect(sink.status().queued).toBe(200);
    log.drop(150);
    receiver.reachable = true;
    await time.pass(10_000);
    expect(sink.status()).toMatchObject({ queued: 0, sent: 50, lost: 150 });
  });

  it('tells since when it fails, from the first failure on, and not where it was merely idle', async () => {
    const log = fakeLog(1);
    const { time, sink, receiver } = start('sent', log);
    await time.pass(3_600_000);
    expect(sink.status()).toMatchObject({ error: null, failingSince: null });
    receiver.takes = 0;
    log.append({});
    sink.wake();
    await time.pass(120_000);
    expect(sink.status()).toMatchObject({ error: 'full', failingSince: '2026-11-22T01:00:00.000Z', lastSentAt: '2026-11-22T00:00:00.000Z' });
    receiver.takes = Infinity;
    await time.pass(60_000);
    expect(sink.status()).toMatchObject({ error: null, failingSince: null });
    receiver.takes = 0;
    log.append({});
    sink.wake();
    await time.pass(0);
    expect(sink.status().failingSince).toBe('2026-11-22T01:03:00.000Z');
  });
});

describe('a sink over a stream, which acknowledges nothing', () => {
  it('is not said to be well because a receiver that hangs took something', async () => {
    const { time, receiver, sink, logger } = start('closed', fakeLog(1), { resend: 10_000 });
    receiver.closes = false;
    await time.pass(10_000);
    expect(sink.status()).toMatchObject({ error: 'the receiver does not read, or does not end the connection after us', queued: 1 });
    await time.pass(1000);
    expect(sink.status()).toMatchObject({ queued: 0, failingSince: '2026-11-22T00:00:10.000Z' });
    expect(sink.status().error).toContain('does not read');
    receiver.closes = true;
    await time.pass(20_000);
    expect(sink.status()).toMatchObject({ error: null, failingSince: null });
    expect(logger.lines.filter(({ level }) => level !== 'debug').map(({ level }) => level)).toEqual(['warning', 'info']);
  });

  it('confirms only what the receiver read, by closing after us, and then had time to store', async () => {
    const { time, receiver, cursors } = start('closed', fakeLog(3), { resend: 10_000 });
    await time.pass(0);
    expect(cursors.saved.get('central')).toEqual({ confirmed: 0, attempted: 3 });
    await time.pass(9_999);
    expect(receiver.closed).toBe(0);
    await time.pass(1);
    expect(receiver.closed).toBe(1);
    // Kept before anything is confirmed: it holds also after a crash.
    expect(cursors.saved.get('central')).toEqual({ confirmed: 0, attempted: 3, closedBy: MARK });
    await time.pass(10_000);
    expect(cursors.saved.get('central')).toEqual({ confirmed: 3, attempted: 3, closedBy: MARK });
  });

  it('sends everything unconfirmed again, marked, when a connection breaks, also one without a pending event', async () => {
    const { time, receiver } = start('closed', fakeLog(2));
    await time.pass(5000);
    receiver.breakNow();
    await time.pass(1000);
    expect(receiver.arrived.map(({ event, possibleDuplicate }) => [event.sequence, event.id.slice(-1), possibleDuplicate])).toEqual([[1, '1', false], [2, '2', false], [1, '1', true], [2, '2', true]]);
  });

  it('sends again also what was read, where the receiver fails before it had time to store it', async () => {
    const log = fakeLog(1);
    const { time, receiver, sink } = start('closed', log);
    await time.pass(12_000);
    expect(receiver.closed).toBe(1);
    receiver.reachable = false;
    log.append({});
    sink.wake();
    await time.pass(0);
    receiver.reachable = true;
    await time.pass(2000);
    expect(receiver.arrived.map(({ event, possibleDuplicate }) => [event.sequence, possibleDuplicate])).toEqual([[1, false], [1, true], [2, false]]);
  });

  it('sends again where the receiver does not close', async () => {
    const { time, receiver, sequences, sink } = start('closed', fakeLog(1));
    receiver.closes = false;
    await time.pass(10_000);
    expect(sink.status().error).toContain('does not read');
    receiver.closes = true;
    await time.pass(1000);
    expect(sequences()).toEqual([1, 1]);
  });

  it('waits longer each time for a receiver that accepts everything and then breaks', async () => {
    const { time, receiver, logger } = start('closed', fakeLog(1));
    for (let second = 0; second < 600; second++) {
      await time.pass(1000);
      receiver.breakNow();
    }
    expect(receiver.arrived.length).toBeLessThan(20);
    expect(logger.lines.filter(({ level }) => level === 'warning')).toHaveLength(1);
  });

  it('asks for proof in the middle of a stream that never ends', async () => {
    const log = fakeLog(1);
    const { time, receiver, sink, cursors } = start('closed', log);
    for (let second = 0; second < 60; second++) {
      await time.pass(1000);
      log.append({});
      sink.wake();
    }
    expect(receiver.closed).toBeGreaterThanOrEqual(4);
    expect(cursors.saved.get('central')?.confirmed).toBeGreaterThan(35);
    expect(receiver.arrived.some(({ possibleDuplicate }) => possibleDuplicate)).toBe(false);
  });
});

describe('a sink that is stopped', () => {
  it('sends what is left, and does not send it again after the next start', async () => {
    const log = fakeLog(300);
    const { time, sink, sequences, cursors, again } = start('closed', log);
    const stopped = sink.stop(5000);
    await time.pass(0);
    await stopped;
    expect(sequences()).toHaveLength(300);
    expect(cursors.saved.get('central')).toEqual({ confirmed: 300, attempted: 300, closedBy: MARK });
    again();
    await time.pass(0);
    expect(sequences()).toHaveLength(300);
  });

  it('leaves at once where the receiver is away: the log keeps the events', async () => {
    const { time, receiver, sink, cursors } = start('closed', fakeLog(2));
    receiver.reachable = false;
    await time.pass(100);
    const stopped = sink.stop(5000);
    await time.pass(0);
    await stopped;
    expect(cursors.saved.get('central')?.confirmed).toBe(0);
  });

  it('leaves at its deadline where the receiver hangs', async () => {
    const { time, receiver, sink, cursors } = start('closed', fakeLog(2));
    receiver.hangs = true;
    receiver.closes = false;
    await time.pass(0);
    let ended = false;
    const stopped = sink.stop(5000).then(() => { ended = true; });
    await time.pass(4999);
    expect(ended).toBe(false);
    await time.pass(1);
    await stopped;
    expect(cursors.saved.get('central')).toEqual({ confirmed: 0, attempted: 2 });
  });
});
