import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanText, displayWidth, takeColumns, truncate } from '../../src/model/untrusted-text.ts';

const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };
const INVISIBLE = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800\ufffd]/u;

/** Any sequence of UTF-16 units, whole characters of every kind, and the shapes that look like escapes. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom('\\', 'n', 'x', '1', 'b', 'u', '{', '}', '2', '0', 'e', '\x1b', '\n', '\u202e', '\u0301', '\u{e0041}', '\ud83d'), { maxLength: 16 }).map((parts) => parts.join('')),
);

/** Reads the escapes back: what shows that no two texts look the same. */
function restore(clean: string): string {
  const short = new Map([['n', '\n'], ['r', '\r'], ['t', '\t'], ['\\', '\\']]);
  return clean.replace(/\\(?:([nrt\\])|x([0-9a-f]{2})|u([0-9a-f]{4})|u\{([0-9a-f]+)\})/g, (escape, letter?: string, x?: string, u?: string, point?: string) => {
    if (letter !== undefined) return short.get(letter)!;
    const code = parseInt(x ?? u ?? point ?? '', 16);
    // `\x2d` is never made here: it is text.
    return x !== undefined && code >= 0x20 && code <= 0x7e ? escape : String.fromCodePoint(code);
  });
}

describe('cleanText', () => {
  it.each([
    ['terminal escapes', '\x1b[31mred\x1b]0;title\x07', '\\x1b[31mred\\x1b]0;title\\x07'],
    ['line breaks and tabs', 'a\nb\r\tc', 'a\\nb\\r\\tc'],
    ['NUL and DEL', '\0\x7f', '\\x00\\x7f'],
    ['C1 controls, which open a sequence on their own', '\x9b31m\x85', '\\x9b31m\\x85'],
    ['right-to-left marks, embeddings, overrides, isolates', '\u200e\u200f\u061c\u202a\u202e\u2066\u2069', '\\u200e\\u200f\\u061c\\u202a\\u202e\\u2066\\u2069'],
    ['a name that reads backwards', 'gpj.\u202eexe', 'gpj.\\u202eexe'],
    ['zero-width characters', 'ss\u200bh\u200c\u200d\u2060\ufeff\u00ad', 'ss\\u200bh\\u200c\\u200d\\u2060\\ufeff\\xad'],
    ['Unicode line ends', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['spaces that are not U+0020', 'a\u00a0b\u3000c\u2003', 'a\\xa0b\\u3000c\\u2003'],
    ['blanks that are letters or symbols', '\u3164\u115f\u2800', '\\u3164\\u115f\\u2800'],
    ['tag characters', 'ok\u{e0041}\u{e007f}', 'ok\\u{e0041}\\u{e007f}'],
    ['variation selectors', '\u2764\ufe0f\u{e0100}', '\u2764\\ufe0f\\u{e0100}'],
    ['private use', '\ue000\u{f0000}', '\\ue000\\u{f0000}'],
    ['lone surrogates', 'a\ud83d!\udc4d', 'a\\ud83d!\\udc4d'],
    ['what bad bytes became', 'caf\ufffd', 'caf\\ufffd'],
  ])('shows %s', (_name, text, clean) => {
    expect(cleanText(text)).toBe(clean);
  });

  it.each(['', 'nginx: worker process', '/usr/lib/postgresql/15/bin/postgres', 'café', 'プロセス', 'сервер', 'e\u0301', 'tiếng', '👍'])('leaves %j as it is', (text) => {
    expect(cleanText(text)).toBe(text);
  });

  it('doubles a backslash only where it could be mistaken for an escape', () => {
    expect(cleanText('\\x1b')).toBe('\\\\x1b');
    expect(cleanText('C:\\nginx')).toBe('C:\\\\nginx');
    expect(cleanText('\\\x1b')).toBe('\\\\\\x1b');
    expect(cleanText('a\\b C:\\Programs')).toBe('a\\b C:\\Programs');
    expect(cleanText('dev-disk-by\\x2duuid.device')).toBe('dev-disk-by\\x2duuid.device');
  });

  it('keeps three marks on a letter and shows the rest, and those without a letter', () => {
    expect(cleanText('o\u0302\u0323\u0301')).toBe('o\u0302\u0323\u0301');
    expect(cleanText('a\u0301\u0301\u0301\u0301')).toBe('a\u0301\u0301\u0301\\u0301');
    expect(cleanText('\u0301a')).toBe('\\u0301a');
  });

  it('gives nothing but ASCII where asked', () => {
    expect(cleanText('caf\u00e9 \u015b \u{1f44d}', { ascii: true })).toBe('caf\\xe9 \\u015b \\u{1f44d}');
  });

  it('leaves the escapes of text that was cleaned before', () => {
    expect(cleanText('\\x1b \x1b', { again: true })).toBe('\\x1b \\x1b');
    fc.assert(fc.property(anyText, (text) => { expect(cleanText(cleanText(text), { again: true })).toBe(cleanText(text)); }), RUNS);
  });

  it('takes 64 KB of anything at once', () => {
    const started = performance.now();
    expect(cleanText('\x1b'.repeat(65_536))).toHaveLength(4 * 65_536);
    expect(cleanText('\\'.repeat(65_536))).toHaveLength(2 * 65_536 - 1);
    expect(cleanText('a' + '\u0301'.repeat(65_536)).length).toBeGreaterThan(65_536);
    cleanText('\\u{'.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('never lets an invisible or reordering character through, and never breaks the line', () => {
    fc.assert(
      fc.property(anyText, fc.boolean(), (text, ascii) => {
        const clean = cleanText(text, { ascii });
        expect(clean).not.toMatch(INVISIBLE);
        expect(clean).not.toMatch(/\p{M}{4}/u);
        if (ascii) expect(clean).toMatch(/^[\x20-\x7e]*$/);
      }),
      RUNS,
    );
  });

  it('can be read back to the very same text', () => {
    fc.assert(fc.property(anyText, fc.boolean(), (text, ascii) => { expect(restore(cleanText(text, { ascii }))).toBe(text); }), RUNS);
  });
});

describe('displayWidth', () => {
  it.each([
    ['', 0], ['nginx', 5], ['café', 4], ['cafe\u0301', 4], ['日本', 4], ['한글', 4], ['ｗｅｂ', 6], ['👍', 2], ['⌚', 2], ['…', 1], ['→', 1], ['ß', 1], ['\u{20000}', 2], ['नमस्ते', 4],
  ])('of %j is %i', (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe('truncate', () => {
  it('leaves what fits', () => {
    expect(truncate('nginx', 5)).toBe('nginx');
  });

  it('cuts at the end, or at the start of a path', () => {
    expect(truncate('systemd-resolved', 8)).toBe('systemd…');
    expect(truncate('/usr/lib/postgresql/15/bin/postgres', 16, { keep: 'end' })).toBe('…15/bin/postgres');
    expect(truncate('systemd-resolved', 8, { ellipsis: '...' })).toBe('syste...');
  });

  it('never cuts a wide character in two', () => {
    expect(truncate('日本語', 4)).toBe('日…');
    expect(truncate('日本語', 4, { keep: 'end' })).toBe('…語');
    expect(takeColumns('日本', 3)).toBe('日');
  });

  it('has an answer where there is no room', () => {
    expect(truncate('nginx', 1)).toBe('…');
    expect(truncate('nginx', 2, { ellipsis: '...' })).toBe('..');
    expect(truncate('nginx', 0)).toBe('');
    expect(truncate('nginx', -3)).toBe('');
  });

  it('never exceeds the width', () => {
    const options = fc.record({ keep: fc.constantFrom('start' as const, 'end' as const), ellipsis: fc.constantFrom('…', '...') });
    fc.assert(
      fc.property(anyText, fc.integer({ min: 0, max: 30 }), options, (text, columns, how) => {
        expect(displayWidth(truncate(cleanText(text), columns, how))).toBeLessThanOrEqual(columns);
      }),
      RUNS,
    );
  });
});
