import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useFolder } from '../fixtures/use-folder.ts';
import { aDraft, aLogger, drafts, openLog, readAll } from './samples.ts';

/** A disk that takes nothing and refuses nothing, until it is told what became of each write. */
const disk = vi.hoisted(() => ({ writes: [] as { readonly count: number; readonly end: (error?: Error) => void }[] }));
vi.mock('../../src/state/segment-writer.ts', () => ({
  createSegmentWriter: () => ({
    fits: (lines: readonly unknown[]) => lines.length,
    write: (lines: readonly unknown[]) =>
      new Promise<void>((resolve, reject) => {
        disk.writes.push({ count: lines.length, end: (error) => { if (error === undefined) resolve(); else reject(error); } });
      }),
    close: () => Promise.resolve(),
  }),
}));

const folder = useFolder();
beforeEach(() => {
  disk.writes.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a disk that does not answer', () => {
  it('holds events back for five seconds, and then they are read from memory', async () => {
    const logger = aLogger();
    const log = await openLog(folder.path, { logger });
    let isDone = false;
    const appended = log.append(drafts(2)).then(() => { isDone = true; });
    await vi.advanceTimersByTimeAsync(4_999);
    expect([isDone, log.newest]).toEqual([false, 0]);
    await vi.advanceTimersByTimeAsync(1);
    await appended;
    expect(log.status()).toMatchObject({ newest: 2, writable: false, unwritten: 2 });
    expect(log.status().error).toContain('the disk does not answer');
    await log.append([aDraft()]);
    expect((await readAll(log)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    disk.writes[0]!.end();
    await vi.advanceTimersByTimeAsync(0);
    disk.writes[1]!.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(disk.writes.map(({ count }) => count)).toEqual([2, 1]);
    expect(log.status()).toMatchObject({ newest: 3, writable: true, error: null, unwritten: 0 });
    expect(logger.heard.map(([level]) => level)).toEqual(['error', 'info']);
  });

  it('is tried again after a second, and then less and less often', async () => {
    const log = await openLog(folder.path);
    const appended = log.append([aDraft()]);
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      disk.writes.at(-1)!.end(new Error('no'));
      const before = disk.writes.length;
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(disk.writes.length).toBe(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(disk.writes.length).toBe(before + 1);
    }
    await appended;
    disk.writes.at(-1)!.end();
    await vi.advanceTimersByTimeAsync(0);
    expect(log.status()).toMatchObject({ writable: true, unwritten: 0 });
  });
});
