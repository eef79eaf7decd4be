import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, displayWidth } from '../../src/model/untrusted-text.ts';
import { wrapText } from '../../src/reports/wrap.ts';

describe('wrapText', () => {
  it('breaks at spaces and indents', () => {
    expect(wrapText('one two three four', 9)).toEqual(['one two', 'three', 'four']);
    expect(wrapText('one two three', 9, '- ', '  ')).toEqual(['- one two', '  three']);
  });

  it('cuts a word that fits on no line', () => {
    expect(wrapText('a abcdefghij b', 4)).toEqual(['a', 'abcd', 'efgh', 'ij b']);
    expect(wrapText('日本語', 4)).toEqual(['日本', '語']);
  });

  it('has no line for no words', () => {
    expect(wrapText('', 10, '  ')).toEqual([]);
    expect(wrapText('   ', 10, '  ')).toEqual([]);
  });

  it('loses nothing, exceeds nothing and leaves no blank line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }).map((text) => cleanText(text)), fc.integer({ min: 10, max: 60 }), (text, columns) => {
        const lines = wrapText(text, columns, '  ');
        for (const line of lines) {
          expect(displayWidth(line)).toBeLessThanOrEqual(columns);
          expect(line.trim()).not.toBe('');
        }
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});
