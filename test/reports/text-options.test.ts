import { describe, expect, it } from 'vitest';
import { chooseTextOptions, LEAST_COLUMNS, PIPED_COLUMNS } from '../../src/reports/text-options.ts';
import type { Surroundings } from '../../src/reports/text-options.ts';

const choose = (partial: Partial<Surroundings> = {}): ReturnType<typeof chooseTextOptions> =>
  chooseTextOptions({ isTerminal: true, columns: 132, environment: { LANG: 'en_US.UTF-8' }, noColour: false, ...partial });

describe('chooseTextOptions', () => {
  it('takes the width and the colours of a terminal', () => {
    expect(choose()).toEqual({ columns: 132, colour: true, ascii: false });
  });

  it('uses no colours, and a width that fits pagers and mails, where there is no terminal', () => {
    expect(choose({ isTerminal: false, columns: undefined })).toEqual({ columns: PIPED_COLUMNS, colour: false, ascii: false });
  });

  it('asks COLUMNS where the width is not known', () => {
    expect(choose({ isTerminal: false, columns: undefined, environment: { COLUMNS: '160' } }).columns).toBe(160);
    expect(choose({ columns: undefined, environment: {} }).columns).toBe(80);
    expect(choose({ columns: 0, environment: {} }).columns).toBe(80);
    for (const nonsense of ['', '-5', '0', '1e9', 'wide', '999999999']) {
      expect(choose({ isTerminal: false, columns: undefined, environment: { COLUMNS: nonsense } }).columns).toBe(PIPED_COLUMNS);
    }
  });

  it('keeps the width within reason', () => {
    expect(choose({ columns: 3 }).columns).toBe(LEAST_COLUMNS);
    expect(choose({ columns: 99_999 }).columns).toBe(500);
  });

  it('leaves colours out where asked', () => {
    expect(choose({ noColour: true }).colour).toBe(false);
    expect(choose({ environment: { NO_COLOR: '1' } }).colour).toBe(false);
    expect(choose({ environment: { NO_COLOR: '' } }).colour).toBe(true);
    expect(choose({ environment: { TERM: 'dumb' } }).colour).toBe(false);
  });

  it('keeps to ASCII unless the locale is UTF-8, by the precedence of POSIX', () => {
    const ascii = (environment: Record<string, string>): boolean => choose({ environment }).ascii;
    expect(ascii({})).toBe(true);
    expect(ascii({ LANG: 'C' })).toBe(true);
    expect(ascii({ LANG: 'C.UTF-8' })).toBe(false);
    expect(ascii({ LANG: 'de_DE.utf8' })).toBe(false);
    expect(ascii({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' })).toBe(true);
    expect(ascii({ LANG: 'C', LC_CTYPE: 'en_GB.UTF-8', LC_ALL: '' })).toBe(false);
  });
});
