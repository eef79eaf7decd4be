import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkWhole } from '../../src/registry/check-whole.ts';
import { readRegistryCsv } from '../../src/registry/read-registry-csv.ts';
import { wholeRegistryCsv } from './registry-csv.ts';

const whole = wholeRegistryCsv();
const lines = whole.toString().split('\r\n').slice(0, -1);
const check = (content: Buffer): void => {
  checkWhole(readRegistryCsv(content, 'f.csv'));
};
const joined = (kept: readonly string[]): Buffer => Buffer.from(kept.map((line) => `${line}\r\n`).join(''));

describe('checkWhole', () => {
  it('takes a whole file', () => {
    expect(() => {
      check(whole);
    }).not.toThrow();
  });

  it.each([
    ['cut between two lines in the middle', lines.slice(0, lines.length / 2), /ports have no row, the first is \d+/],
    ['without its start', [lines[0]!, ...lines.slice(2000)], /22\/tcp is not ssh/],
    ['with a part lost in the middle', [...lines.slice(0, 6000), ...lines.slice(6200)], /\d+ ports have no row, the first is \d+/],
    ['cut behind the last port', lines.slice(0, -601), /service names without a port/],
    ['cut among the last names', lines.slice(0, -80), /service names without a port/],
    ['with another service on an anchor', lines.map((line) => line.replace(/^https,443,tcp/, 'http,443,tcp')), /443\/tcp is not https/],
  ])('refuses a file %s', (_, kept, message) => {
    expect(() => {
      check(joined(kept));
    }).toThrow(expect.objectContaining({ code: 'registry-invalid', message: expect.stringMatching(message) as string }) as Error);
  });

  it('takes no cut of a file that loses the row of a port', () => {
    const portRows = readRegistryCsv(whole, 'f.csv').rows.length;
    // Every second cut is between two lines, where the text alone looks sound.
    const starts = lines.slice(0, -1).reduce<number[]>((ends, line) => [...ends.slice(-1000), (ends.at(-1) ?? 0) + line.length + 2], []);
    const cut = fc.oneof(fc.nat(whole.length - 1), fc.constantFrom(...starts));
    fc.assert(
      fc.property(cut, (length) => {
        try {
          const csv = readRegistryCsv(whole.subarray(0, length), 'f.csv');
          checkWhole(csv);
          expect(csv.rows).toHaveLength(portRows);
        } catch (error) {
          expect(error).toMatchObject({ code: 'registry-invalid' });
        }
      }),
      { seed: 1, numRuns: 20 },
    );
  });
});
