import { describe, expect, it } from 'vitest';
import { isFullDate, parseRegistryDate } from '../../src/registry/registry-date.ts';

describe('parseRegistryDate', () => {
  it.each(['2026-02-13', '2007-06', '2024-02-29', '2000-02-29'])('takes %s as it is', (text) => {
    expect(parseRegistryDate(text)).toBe(text);
  });

  it.each(['', '2026', '2026-13', '2026-00', '2026-02-30', '2023-02-29', '1900-02-29', '2026-01-00', '26-01-01', '2026-1-1', '2026-01-01 ', '[RFC6335]'])(
    'takes %j for no date',
    (text) => {
      expect(parseRegistryDate(text)).toBeNull();
    },
  );

  it('tells a day from a month', () => {
    expect([isFullDate('2026-02-13'), isFullDate('2007-06')]).toEqual([true, false]);
  });
});
