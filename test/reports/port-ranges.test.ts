import { describe, expect, it } from 'vitest';
import { findRuns, formatRuns } from '../../src/reports/port-ranges.ts';

describe('findRuns', () => {
  it('puts neighbours together, in order and once', () => {
    expect(findRuns([9000, 8001, 8000, 8002, 8001])).toEqual([[8000, 8002], [9000, 9000]]);
    expect(findRuns([])).toEqual([]);
  });

  it('is written as people write it', () => {
    expect(formatRuns([[8000, 8002], [9000, 9000]])).toBe('8000-8002, 9000');
  });
});
