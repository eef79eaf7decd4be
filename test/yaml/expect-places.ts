import { expect } from 'vitest';
import type { Problem } from '../../src/model/errors.ts';
import { describeProblems } from '../../src/yaml/describe-problems.ts';

/** Each problem of `x.yaml` lies inside its text, and can be shown without a character that a terminal would obey. */
export function expectPlaces(problems: readonly Problem[], text: string): void {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  for (const { position } of problems) {
    expect(position.line).toBeGreaterThanOrEqual(1);
    expect(position.line).toBeLessThanOrEqual(lines.length);
    expect(position.column).toBeGreaterThanOrEqual(1);
    expect(position.column).toBeLessThanOrEqual((lines[position.line! - 1]?.length ?? 0) + 1);
  }
  expect(describeProblems(problems, new Map([['x.yaml', text]]))).not.toMatch(/[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/);
}
