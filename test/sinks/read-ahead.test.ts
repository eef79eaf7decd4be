import { expect, it } from 'vitest';
import type { EventReader } from '../../src/model/event.ts';
import { readAhead } from '../../src/sinks/read-ahead.ts';
import { fakeLog, type FakeLog } from './fakes.ts';

/** A log that notes after which sequences it was read. */
function noting(log: FakeLog): { readonly reader: EventReader; readonly read: readonly number[] } {
  const read: number[] = [];
  return {
    read,
    reader: {
      get newest() { return log.newest; },
      get oldest() { return log.oldest; },
      readAfter(sequence, limit) {
        read.push(sequence);
        return log.readAfter(sequence, limit);
      },
    },
  };
}

const sequencesOf = async (batch: ReturnType<ReturnType<typeof readAhead>['readAfter']>) => (await batch).events.map(({ sequence }) => sequence);

it('reads what was prepared once, before it is asked for', async () => {
  const { reader, read } = noting(fakeLog(5));
  const batches = readAhead(reader, 2);
  expect(await sequencesOf(batches.readAfter(0))).toEqual([1, 2]);
  batches.prepare(2);
  expect(read).toEqual([0, 2]);
  expect(await sequencesOf(batches.readAfter(2))).toEqual([3, 4]);
  expect(read).toEqual([0, 2]);
  expect(await sequencesOf(batches.readAfter(2))).toEqual([3, 4]);
});

it('reads anew what was not prepared: after a failure everything unconfirmed goes again', async () => {
  const batches = readAhead(noting(fakeLog(5)).reader, 2);
  batches.prepare(2);
  expect(await sequencesOf(batches.readAfter(0))).toEqual([1, 2]);
  expect(await sequencesOf(batches.readAfter(2))).toEqual([3, 4]);
});

it('says up to where the log was read, also where its events are gone', async () => {
  const log = fakeLog(5);
  const batches = readAhead(noting(log).reader, 2);
  expect((await batches.readAfter(0)).upTo).toBe(2);
  log.drop(5);
  expect(await batches.readAfter(2)).toEqual({ events: [], upTo: 5 });
  expect(await batches.readAfter(5)).toEqual({ events: [], upTo: 5 });
});

it('knows of what came after it was prepared', async () => {
  const log = fakeLog(3);
  const { reader, read } = noting(log);
  const batches = readAhead(reader, 2);
  batches.prepare(3);
  expect(read).toEqual([]);
  batches.prepare(2);
  log.append({}, {});
  expect(await batches.readAfter(2)).toMatchObject({ events: [{ sequence: 3 }], upTo: 3 });
  expect(await sequencesOf(batches.readAfter(3))).toEqual([4, 5]);
});

it('tells of a log that cannot be read to who asks, and to nobody else', async () => {
  const batches = readAhead({ newest: 5, oldest: 1, readAfter: () => Promise.reject(new Error('EIO')) }, 2);
  batches.prepare(0);
  await expect(batches.readAfter(0)).rejects.toThrow('EIO');
  batches.prepare(2);
  await new Promise((resolve) => setImmediate(resolve));
});
