import { describe, expect, it } from 'vitest';
import { createIdSource, EVENT_ID } from '../../src/state/event-id.ts';
import { aClock } from './samples.ts';

describe('createIdSource', () => {
  it('gives ids that sort as they were given, within a millisecond and where the clock is set back', () => {
    const clock = aClock();
    const next = createIdSource({ clock, after: null });
    const ids = Array.from({ length: 1000 }, (_, index) => {
      if (index % 10 === 0) clock.pass(1);
      if (index % 100 === 0) clock.setBack(3_600_000);
      return next();
    });
    expect(ids.every((id) => EVENT_ID.test(id))).toBe(true);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(1000);
  });

  it('starts with the time, ten digits of it', () => {
    // 1469922850259 ms is the example of the specification.
    expect(createIdSource({ clock: aClock('2016-07-30T23:54:10.259Z'), after: null })().slice(0, 10)).toBe('01ARZ3NDEK');
  });

  it('goes on behind an id of before, and takes no other text for one', () => {
    const clock = aClock('2000-01-01T00:00:00.000Z');
    const before = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
    const next = createIdSource({ clock, after: before })();
    expect(next > before).toBe(true);
    expect(next.slice(0, 10)).toBe('01ARZ3NDEK');
    expect(createIdSource({ clock, after: 'not an id, but 26 long....' })().slice(0, 3)).toBe('00V');
  });

  it('is not the same on a host that was cloned from another', () => {
    const clock = aClock('2000-01-01T00:00:00.000Z');
    const one = createIdSource({ clock, after: '01ARZ3NDEKTSV4RRFFQ69G5FAV' });
    const other = createIdSource({ clock, after: '01ARZ3NDEKTSV4RRFFQ69G5FAV' });
    expect([one(), one(), one()]).not.toEqual([other(), other(), other()]);
  });

  it('stands any clock', () => {
    for (const time of ['1969-01-01T00:00:00.000Z', '+275760-09-13T00:00:00.000Z']) expect(createIdSource({ clock: aClock(time), after: null })()).toMatch(EVENT_ID);
  });
});
