import { describe, expect, it } from 'vitest';
import { editDistance, nearestWord } from '../../src/model/spelling.ts';

describe('nearestWord', () => {
  const keys = ['id', 'title', 'match', 'severity', 'advice', 'exeDeleted', 'de-assigned'];

  it.each([
    ['severty', 'severity'],
    ['mathc', 'match'],
    ['Title', 'title'],
    ['exe-deleted', 'exeDeleted'],
    ['deassigned', 'de-assigned'],
    ['di', 'id'],
  ])('%s was meant as %s', (word, meant) => {
    expect(nearestWord(word, keys)).toBe(meant);
  });

  it.each(['colour', 'x', '', 'a'.repeat(100_000)])('suggests nothing for what is far from everything', (word) => {
    expect(nearestWord(word, keys)).toBeNull();
  });
});

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', '', 3],
    ['abc', 'acb', 1],
    ['kitten', 'sitting', 3],
    ['match', 'match', 0],
  ])('%s to %s: %i', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance);
    expect(editDistance(right, left)).toBe(distance);
  });
});
