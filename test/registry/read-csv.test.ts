import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { readCsvRows } from '../../src/registry/read-csv.ts';
import { writeCsv } from './registry-csv.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
const read = (text: string): string[][] => [...readCsvRows(text, 'f.csv')].map((row) => [...row.cells]);

function faultOf(text: string): { code: string; line: number | null | undefined; message: string } {
  try {
    read(text);
  } catch (error) {
    if (error instanceof PortreeveError) return { code: error.code, line: error.problems[0]?.position.line, message: error.message };
    throw error;
  }
  throw new Error('read without an error');
}

describe('readCsvRows', () => {
  it('reads plain and quoted cells, empty ones, doubled quotes, commas and line breaks inside quotes', () => {
    expect(read('a,b,\n"x,1","say ""hi""","two\r\nlines"\n,"",\n')).toEqual([
      ['a', 'b', ''],
      ['x,1', 'say "hi"', 'two\r\nlines'],
      ['', '', ''],
    ]);
  });

  it('takes LF and CRLF line ends and passes over a byte order mark', () => {
    expect(read('\ufeffa,b\r\nc,d\n')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('counts lines by the file, through quoted line breaks', () => {
    expect([...readCsvRows('a\n"b\n\nb"\nc\n', 'f.csv')].map((row) => row.line)).toEqual([1, 2, 5]);
  });

  it('has no rows for an empty text', () => {
    expect(read('')).toEqual([]);
  });

  it.each([
    ['an unterminated quote', 'a\nb,"c\nd\n', 2, 'never ends'],
    ['an end without a line break', 'a\nb,c', 2, 'does not end in a line break'],
    ['an end inside a quoted cell that closes', 'a\nb,"c"', 2, 'does not end in a line break'],
    ['an end inside a line end', 'a\r\nb\r', 2, 'does not end in a line break'],
    ['an end on a comma', 'a\nb,', 2, 'does not end in a line break'],
    ['a quote inside a plain cell', 'a\n\nb"c\n', 3, 'a quote inside a cell'],
    ['text behind a closing quote', '"a\n"b\n', 2, 'text behind the closing quote'],
    ['a bare carriage return', 'a\rb\n', 1, 'a carriage return'],
    ['more columns than any registry', `a\n${','.repeat(64)}\n`, 2, 'more than 64 columns'],
  ])('refuses %s, with the line', (_, text, line, message) => {
    expect(faultOf(text)).toMatchObject({ code: 'registry-invalid', line, message: expect.stringContaining(message) as string });
  });

  it('gives back what was written', () => {
    const cell = fc.oneof(fc.string(), fc.constantFrom('', '"', '""', ',', '\n', '\r\n', '\r', ' x ', 'é\u2028'));
    const rows = fc.array(fc.array(cell, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(rows, fc.constantFrom('\n', '\r\n'), (written, lineEnd) => {
        const text = writeCsv(written, lineEnd);
        fc.pre(!text.startsWith('\ufeff'));
        expect(read(text)).toEqual(written);
      }),
      { seed: 1, numRuns },
    );
  });

  it('reads any text or refuses it as registry-invalid', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', '\ufeff'), maxLength: 40 }));
    fc.assert(
      fc.property(text, (any) => {
        try {
          read(any);
        } catch (error) {
          expect(error).toMatchObject({ code: 'registry-invalid' });
        }
      }),
      { seed: 1, numRuns },
    );
  });

  it('takes time in proportion to the length of a hostile text', () => {
    const started = performance.now();
    expect(faultOf(`"${'""'.repeat(4_000_000)}`).code).toBe('registry-invalid');
    expect(read(`"${'\n'.repeat(4_000_000)}"\n`)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
