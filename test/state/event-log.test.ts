import fc from 'fast-check';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { PortreeveEvent } from '../../src/model/event.ts';
import { MOST_LINE } from '../../src/state/event-line.ts';
import { aListener, anOwner } from '../fixtures/audit-report.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aClock, aDraft, aLogger, anyDraft, drafts, openLog, readAll, RUNS } from './samples.ts';

const folder = useFolder();
const events = (): string => join(folder.path, 'events');
const segment = (first: number): string => join(events(), `events-${String(first).padStart(20, '0')}.jsonl`);
const sequences = (each: readonly PortreeveEvent[]): number[] => each.map(({ sequence }) => sequence);
const upTo = (count: number, from = 1): number[] => Array.from({ length: count - from + 1 }, (_, index) => from + index);

/** Closes the log of a number of events, appended one by one. */
async function writeLog(count: number): Promise<void> {
  const log = await openLog(folder.path);
  for (const draft of drafts(count)) await log.append([draft]);
  await log.close();
}

describe('append', () => {
  it('gives each event its place, an id, the time and the host', async () => {
    const log = await openLog(folder.path);
    const [first, second] = await log.append([aDraft(), aDraft({ kind: 'resolved' })]);
    expect(first).toEqual({ schema: 'portreeve/event/v1', id: first!.id, sequence: 1, time: '2026-11-22T07:47:56.000Z', host: 'web1', ...aDraft() });
    expect(second).toMatchObject({ sequence: 2, kind: 'resolved' });
    expect(second!.id > first!.id).toBe(true);
    expect([log.oldest, log.newest]).toEqual([1, 2]);
    expect(await log.append([])).toEqual([]);
    await log.close();
  });

  it('writes one event as one line of ASCII JSON, for the eyes of root alone', async () => {
    const log = await openLog(folder.path);
    const written = await log.append([aDraft({ message: 'a\nb\x9b2J\u202e🚀' }), aDraft()]);
    await log.close();
    const text = readFileSync(segment(1), 'utf8');
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(text.trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toEqual(written);
    expect([statSync(segment(1)).mode & 0o777, statSync(events()).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it('gives back the same events, whatever is in them, from memory and from disk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyDraft, { maxLength: 4 }), { maxLength: 4 }), async (batches) => {
        rmSync(events(), { recursive: true, force: true });
        const log = await openLog(folder.path);
        const appended = (await Promise.all(batches.map((batch) => log.append(batch)))).flat();
        expect(appended.map(({ detail, message }) => ({ detail, message }))).toEqual(batches.flat().map(({ detail, message }) => ({ detail, message })));
        expect(await readAll(log, 0, 3)).toEqual(appended);
        await log.close();
        const again = await openLog(folder.path);
        expect(JSON.stringify(await readAll(again, 0, 3))).toBe(JSON.stringify(appended));
        expect(again.problems).toEqual([]);
        await again.close();
      }),
      RUNS,
    );
  });

  it('writes what comes while the disk is busy together', async () => {
    const log = await openLog(folder.path);
    const told: number[][] = [];
    log.subscribe((each) => told.push(sequences(each)));
    const appended = await Promise.all(drafts(100).map((draft) => log.append([draft])));
    expect(appended.flatMap(sequences)).toEqual(upTo(100));
    expect(told.flat()).toEqual(upTo(100));
    expect(told).toEqual([[1], upTo(100, 2)]);
    await log.close();
  });

  it('tells subscribers until they leave, and is not disturbed by one that fails', async () => {
    const logger = aLogger();
    const log = await openLog(folder.path, { logger });
    const told: number[] = [];
    log.subscribe(() => { throw new Error('no'); });
    const leave = log.subscribe((each) => told.push(...sequences(each)));
    await log.append([aDraft()]);
    leave();
    await log.append([aDraft()]);
    expect(told).toEqual([1]);
    expect(logger.heard.map(([level, message]) => [level, message])).toEqual([['error', 'a listener to the event log failed'], ['error', 'a listener to the event log failed']]);
    await log.close();
  });

  it('cuts what is too long for a line, and says so', async () => {
    const owners = Array.from({ length: 200 }, (_, pid) => anOwner({ pid: pid + 1, commandLine: ['x'.repeat(10_000)] }));
    const log = await openLog(folder.path);
    const [one, two, three] = await log.append([
      aDraft({ listener: aListener({ owners }) }),
      aDraft({ listener: aListener({ socketUser: 'y'.repeat(MOST_LINE) }) }),
      aDraft({ message: 'z'.repeat(MOST_LINE) }),
    ]);
    expect(one).toMatchObject({ detail: { cut: 'owners' } });
    expect(one!.listener!.owners).toHaveLength(50);
    expect(two).toMatchObject({ listener: null, alert: { id: 'host/tcp/*/1302' }, detail: { cut: 'listener' } });
    expect(three).toMatchObject({ alert: null, detail: { cut: 'all' } });
    expect(three!.message).toHaveLength(1000);
    await log.close();
    const again = await openLog(folder.path);
    expect(await readAll(again)).toEqual([one, two, three]);
    await again.close();
  });
});

describe('a restart', () => {
  it('goes on behind the newest, with ids that sort behind it, also where the clock was set back', async () => {
    const clock = aClock();
    const log = await openLog(folder.path, { clock });
    const [before] = await log.append([aDraft()]);
    await log.close();
    clock.setBack(3_600_000);
    const again = await openLog(folder.path, { clock });
    const [after] = await again.append([aDraft()]);
    expect(after).toMatchObject({ sequence: 2, time: '2026-11-22T06:47:56.000Z' });
    expect(after!.id > before!.id).toBe(true);
    await again.close();
  });

  it('gives no sequence again that a cursor or the state file knows', async () => {
    await writeLog(3);
    const log = await openLog(folder.path, { after: 10 });
    expect(log.problems).toEqual([`${events()}: events up to 10 were given, and the event log has none after 3`]);
    expect(log.newest).toBe(10);
    expect(sequences(await log.append(drafts(2)))).toEqual([11, 12]);
    expect(sequences(await readAll(log))).toEqual([1, 2, 3, 11, 12]);
    await log.close();
    const again = await openLog(folder.path);
    expect(sequences(await readAll(again))).toEqual([1, 2, 3, 11, 12]);
    await again.close();
  });

  it.each([
    ['in the middle of a write, at whatever byte', 0],
    ['with zeros behind, as some file systems leave them', 5000],
  ])('finds all whole events after a crash %s', async (_, zeros) => {
    const before = await openLog(folder.path);
    await before.append([aDraft({ listener: null }), aDraft({ listener: null, alert: null })]);
    await before.close();
    const whole = readFileSync(segment(1));
    const ends = [...whole.toString('latin1').matchAll(/\n/g)].map(({ index }) => index);
    const step = zeros === 0 ? 1 : 97;
    for (let length = 0; length <= whole.length; length += step) {
      writeFileSync(segment(1), Buffer.concat([whole.subarray(0, length), Buffer.alloc(zeros)]));
      const log = await openLog(folder.path);
      // A line that lacks its end alone is whole.
      const count = ends.filter((end) => end < length || (zeros === 0 && end === length)).length;
      expect(sequences(await readAll(log))).toEqual(upTo(count));
      const isTorn = zeros > 0 || (length > 0 && !ends.includes(length) && !ends.includes(length - 1));
      expect(log.problems).toHaveLength(isTorn ? 1 : 0);
      expect(sequences(await log.append([aDraft()]))).toEqual([count + 1]);
      expect(sequences(await readAll(log))).toEqual(upTo(count + 1));
      await log.close();
      for (const name of readdirSync(events())) rmSync(join(events(), name));
    }
  });

  it('moves half an event into a file beside', async () => {
    await writeLog(2);
    const half = '{"schema":"portreeve/event/v1","id":"';
    appendFileSync(segment(1), half);
    const logger = aLogger();
    const log = await openLog(folder.path, { logger });
    const aside = `${segment(1)}.torn-2026-11-22T07-47-56Z`;
    expect(log.problems).toEqual([`${segment(1)} ended in the middle of an event; its last ${half.length} bytes were moved to ${aside}`]);
    expect(logger.heard).toEqual([['warning', 'the event log was damaged', { problem: log.problems[0] }]]);
    expect(readFileSync(aside, 'utf8')).toBe(half);
    await log.close();
  });
});

describe('what cannot be used', () => {
  it('is passed over, counted and told of once where it is a line', async () => {
    await writeLog(5);
    const lines = readFileSync(segment(1), 'latin1').split('\n');
    lines[1] = 'not JSON';
    lines[2] = lines[2]!.replace('"kind":"opened"', '"kind":"unheard-of"');
    lines.splice(4, 0, lines[0]!, '[]', '{"__proto__":1}');
    writeFileSync(segment(1), lines.join('\n'));
    const logger = aLogger();
    const log = await openLog(folder.path, { logger });
    for (let times = 0; times < 3; times++) expect(sequences(await readAll(log))).toEqual([1, 4, 5]);
    expect(log.status().damaged).toBe(5);
    expect(logger.heard).toEqual([['warning', 'a part of the event log has lines that are no events', { file: segment(1), lines: 5 }]]);
    expect(sequences(await log.append([aDraft()]))[0]).toBeGreaterThan(5);
    await log.close();
  });

  it.each([
    ['of a later version', 'newer', () => { writeFileSync(segment(1), readFileSync(segment(1), 'utf8').replaceAll('event/v1', 'event/v2')); }, 'was written by a later version (portreeve/event/v2)', 6],
    ['that is a folder', 'foreign', () => { rmSync(segment(1)); mkdirSync(segment(1)); }, 'is not a regular file', 20_481],
    ['that is a symbolic link', 'foreign', () => { renameSync(segment(1), join(events(), 'x')); symlinkSync('x', segment(1)); }, 'is not a regular file', 20_481],
    ['that is far too large', 'foreign', () => { truncateSync(segment(1), 1 << 30); }, 'is too large to be a part of an event log', 20_481],
  ])('is set aside where it is a segment %s', async (_, reason, damage, what, next) => {
    await writeLog(5);
    damage();
    const log = await openLog(folder.path);
    const aside = `${segment(1)}.${reason}-2026-11-22T07-47-56Z`;
    expect(log.problems).toEqual([`${segment(1)} ${what}; it was set aside as ${aside}`]);
    expect(existsSync(aside)).toBe(true);
    expect(sequences(await log.append([aDraft()]))).toEqual([next]);
    expect(sequences(await readAll(log))).toEqual([next]);
    await log.close();
  });

  it('is set aside where it is a file in the place of the folder', async () => {
    writeFileSync(events(), 'mine');
    const log = await openLog(folder.path);
    expect(log.problems).toEqual([`${events()} is not a folder; it was set aside as ${events()}.foreign-2026-11-22T07-47-56Z`]);
    await log.append([aDraft()]);
    expect(log.status().writable).toBe(true);
    expect(readFileSync(`${events()}.foreign-2026-11-22T07-47-56Z`, 'utf8')).toBe('mine');
    await log.close();
  });

  it('never stops the log, whatever bytes are in it', async () => {
    await writeLog(4);
    const whole = readFileSync(segment(1));
    const damage = fc.array(fc.record({ at: fc.nat(whole.length), bytes: fc.uint8Array({ maxLength: 300 }), instead: fc.nat(2000) }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, async (places) => {
        for (const name of readdirSync(events())) rmSync(join(events(), name), { recursive: true });
        let bytes = whole;
        for (const { at, bytes: foreign, instead } of places) bytes = Buffer.concat([bytes.subarray(0, at), foreign, bytes.subarray(at + instead)]);
        writeFileSync(segment(1), bytes);
        const log = await openLog(folder.path);
        const found = sequences(await readAll(log, 0, 2));
        expect(found.every((sequence, index) => sequence > (found[index - 1] ?? 0))).toBe(true);
        const [next] = sequences(await log.append([aDraft()]));
        expect(next).toBeGreaterThan(found.at(-1) ?? 0);
        expect(sequences(await readAll(log, 0, 2))).toEqual([...found, next]);
        await log.close();
      }),
      RUNS,
    );
  });
});

describe('the bounds', () => {
  const many = async (log: Awaited<ReturnType<typeof openLog>>, count: number): Promise<void> => {
    for (let batch = 0; batch < count / 50; batch++) await log.append(drafts(50));
  };

  it('of size: the oldest events go, and the newest are in order and whole', async () => {
    const maxBytes = 1 << 20;
    const log = await openLog(folder.path, { maxBytes });
    await many(log, 2000);
    const bytes = readdirSync(events()).reduce((sum, name) => sum + statSync(join(events(), name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    expect(bytes).toBe(log.status().bytes);
    expect(log.oldest).toBeGreaterThan(1);
    await log.close();
    const again = await openLog(folder.path, { maxBytes });
    expect(again.oldest).toBe(log.oldest);
    expect(sequences(await readAll(again))).toEqual(upTo(2000, log.oldest));
    await again.close();
  });

  it('of age: what happened before goes, the rest stays', async () => {
    const clock = aClock();
    const log = await openLog(folder.path, { clock, maxAgeMs: 16_000 });
    for (let second = 0; second < 60; second++) {
      await log.append([aDraft()]);
      clock.pass(1000);
    }
    expect(log.newest).toBe(60);
    const times = (await readAll(log)).map(({ time }) => clock.now().getTime() - Date.parse(time));
    await log.close();
    expect(log.oldest).toBeGreaterThan(40);
    expect(log.oldest).toBeLessThanOrEqual(44);
    expect(Math.min(...times)).toBe(1000);
  });

  it('of age: not all of it for a clock that is far ahead for a moment', async () => {
    const clock = aClock();
    const log = await openLog(folder.path, { clock, maxAgeMs: 16_000 });
    for (let second = 0; second < 10; second++) {
      await log.append([aDraft()]);
      clock.pass(1500);
    }
    clock.pass(1e10);
    await log.append([aDraft()]);
    clock.setBack(1e10);
    await log.append([aDraft()]);
    expect(sequences(await readAll(log))).toEqual(upTo(12));
    await log.close();
    const again = await openLog(folder.path, { clock, maxAgeMs: 16_000 });
    expect(sequences(await readAll(again))).toEqual(upTo(12, 2));
    await again.close();
  });

  it('of what was set aside', async () => {
    await writeLog(1);
    for (let day = 10; day < 30; day++) writeFileSync(`${segment(1)}.unreadable-2026-11-${day}T00-00-00Z`, 'x'.repeat(100_000));
    const log = await openLog(folder.path, { maxBytes: 1 << 20 });
    await log.close();
    expect(readdirSync(events()).filter((name) => name.includes('unreadable')).map((name) => name.slice(-12, -10))).toEqual(upTo(29, 20).map(String));
  });
});

describe('readAfter', () => {
  it('finds any place, far behind too, without the events in memory', async () => {
    const log = await openLog(folder.path);
    for (let batch = 0; batch < 60; batch++) await log.append(drafts(100));
    await fc.assert(
      fc.asyncProperty(fc.nat(6100), fc.nat(300), async (after, limit) => {
        const found = sequences(await log.readAfter(after, limit));
        expect(found).toEqual(upTo(Math.min(after + found.length, 6000), after + 1).slice(0, found.length));
        expect(found.length > 0 || limit === 0 || after >= 6000).toBe(true);
        expect(found.length).toBeLessThanOrEqual(limit);
      }),
      RUNS,
    );
    expect(sequences(await readAll(log, 0, 1000))).toEqual(upTo(6000));
    await log.close();
  });

  it('gives an event to nobody before it is on disk', async () => {
    const log = await openLog(folder.path);
    await log.append([aDraft()]);
    const second = log.append([aDraft()]);
    expect(log.newest).toBe(1);
    expect(sequences(await log.readAfter(0, 10))).toEqual([1]);
    await second;
    expect(sequences(await log.readAfter(0, 10))).toEqual([1, 2]);
    await log.close();
  });
});

describe('a disk that does not take anything', () => {
  /** A file in the place of the state directory: nothing can be made below it, by root neither. */
  const broken = (): string => join(folder.path, 'state');
  const breakDisk = (): void => { writeFileSync(broken(), ''); };
  const mendDisk = (): void => { rmSync(broken()); };

  it('stops nothing: events are read from memory, and written once it can be', async () => {
    breakDisk();
    const logger = aLogger();
    const log = await openLog(broken(), { logger });
    const told: number[] = [];
    log.subscribe((each) => told.push(...sequences(each)));
    expect(sequences(await log.append(drafts(3)))).toEqual([1, 2, 3]);
    expect(sequences(await log.append([aDraft()]))).toEqual([4]);
    const error = `${join(broken(), 'events')}: cannot be written (ENOTDIR)`;
    expect(log.status()).toEqual({ oldest: 1, newest: 4, bytes: 0, writable: false, error, unwritten: 4, dropped: 0, damaged: 0 });
    expect(logger.heard.filter(([level]) => level === 'error')).toEqual([['error', 'the event log cannot be written, and its events are kept in memory', { folder: join(broken(), 'events'), error }]]);
    expect(told).toEqual([1, 2, 3, 4]);
    expect(sequences(await readAll(log, 0, 3))).toEqual([1, 2, 3, 4]);
    expect(await log.flush()).toBe(false);
    mendDisk();
    expect(await log.flush()).toBe(true);
    expect(log.status()).toMatchObject({ writable: true, error: null, unwritten: 0, newest: 4 });
    expect(logger.heard.at(-1)).toEqual(['info', 'the event log can be written again', { folder: join(broken(), 'events') }]);
    expect(told).toEqual([1, 2, 3, 4]);
    await log.close();
    const again = await openLog(broken());
    expect(sequences(await readAll(again))).toEqual([1, 2, 3, 4]);
    await again.close();
  });

  it('costs the oldest events where memory runs out too, and the loss is an event', async () => {
    breakDisk();
    const log = await openLog(broken());
    for (let batch = 0; batch < 120; batch++) await log.append(drafts(100));
    expect(log.status()).toMatchObject({ newest: 12_000, unwritten: 10_000, dropped: 2000 });
    expect(sequences(await readAll(log, 0, 1000))).toEqual(upTo(12_000, 2001));
    mendDisk();
    expect(await log.flush()).toBe(true);
    const [loss] = await log.readAfter(12_000, 10);
    expect(loss).toMatchObject({ sequence: 12_001, kind: 'loss', audience: 'alert', severity: 'error', detail: { where: 'event log', count: 2000 } });
    expect(loss!.message).toBe('2000 events are missing from the event log, which could not be written for so long that memory ran out');
    await log.close();
    const again = await openLog(broken());
    expect(sequences(await readAll(again, 0, 1000))).toEqual(upTo(12_001, 2001));
    expect([again.oldest, again.problems]).toEqual([2001, []]);
    await again.close();
  });

  it('says what is lost where it never takes it', async () => {
    breakDisk();
    const logger = aLogger();
    const log = await openLog(broken(), { logger });
    await log.append(drafts(2));
    await log.close();
    expect(logger.heard.at(-1)).toEqual(['error', 'events are lost, as the event log could not be written', { folder: join(broken(), 'events'), count: 2 }]);
  });

  it('that was emptied by somebody is filled anew', async () => {
    const log = await openLog(folder.path);
    await log.append(drafts(3));
    rmSync(events(), { recursive: true });
    expect(sequences(await log.append(drafts(2)))).toEqual([4, 5]);
    expect(log.status()).toMatchObject({ writable: false, error: `${events()}: cannot be written (Error: somebody deleted it)` });
    expect(await log.flush()).toBe(true);
    expect(sequences(await log.append([aDraft()]))).toEqual([6]);
    await log.close();
    const again = await openLog(folder.path);
    expect(sequences(await readAll(again))).toEqual([4, 5, 6]);
    await again.close();
  });
});
