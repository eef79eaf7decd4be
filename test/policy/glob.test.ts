import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGlob, compileGlobs } from '../../src/policy/glob.ts';

const options = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) };

function matches(pattern: string, text: string): boolean {
  return compileGlobs([pattern])(text);
}

describe('a glob', () => {
  it.each([
    ['/usr/sbin/sshd', '/usr/sbin/sshd', true],
    ['/usr/sbin/sshd', '/usr/sbin/sshd2', false],
    ['/usr/sbin/sshd', '/USR/sbin/sshd', false],
    ['/tmp/*', '/tmp/x', true],
    ['/tmp/*', '/tmp/.x', true],
    ['/tmp/*', '/tmp/a/b', false],
    ['/tmp/**', '/tmp/a/b', true],
    ['/tmp/**', '/tmpfile', false],
    ['/tmp/**', '/var/tmp/x', false],
    ['**/postgres', '/postgres', true],
    ['**/postgres', '/usr/lib/postgresql/15/bin/postgres', true],
    ['**/postgres', '/usr/bin/notpostgres', false],
    ['**/postgres', '/usr/bin/postgres/x', false],
    ['/usr/lib/postgresql/*/bin/postgres', '/usr/lib/postgresql/15/bin/postgres', true],
    ['/usr/lib/postgresql/*/bin/postgres', '/usr/lib/postgresql/15/x/bin/postgres', false],
    ['/opt/**/bin/x', '/opt/bin/x', true],
    ['/opt/**/bin/x', '/opt/a/b/bin/x', true],
    ['/opt/**/bin/x', '/opt/abin/x', false],
    ['/memfd:*', '/memfd:', true],
    ['/memfd:*', '/memfd:a/b', false],
    ['/memfd:**', '/memfd:a/b', true],
    ['/**/.*/**', '/srv/.hidden/run', true],
    ['/**/.*/**', '/srv/run', false],
    ['nginx?', 'nginx1', true],
    ['nginx?', 'nginx', false],
    ['a?b', 'a/b', false],
    ['a?b', 'a\u{1f600}b', true],
    ['[abc]x', 'bx', true],
    ['[a-c]x', 'dx', false],
    ['[!a-c]x', 'dx', true],
    ['[^a-c]x', 'ax', false],
    ['[!a]', '/', false],
    ['[]a]', ']', true],
    ['[a-]', '-', true],
    ['[\\]]', ']', true],
    ['{/usr,}/bin/sh', '/bin/sh', true],
    ['{/usr,}/bin/sh', '/usr/bin/sh', true],
    ['**/{*_exporter,node{,_}x}', '/opt/mysqld_exporter', true],
    ['**/{*_exporter,node{,_}x}', '/opt/node_x', true],
    ['**/{*_exporter,node{,_}x}', '/opt/node__x', false],
    ['a,b}', 'a,b}', true],
    ['\\*', '*', true],
    ['\\*', 'x', false],
    ['**', '', true],
    ['*', 'a\nb', true],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(checkGlob(pattern)).toBeNull();
    expect(matches(pattern, text)).toBe(expected);
  });

  it.each([
    ['', 'an empty pattern matches nothing'],
    ['a[bc', 'the [ has no ] that ends it'],
    ['[]', 'the [ has no ] that ends it'],
    ['[z-a]', 'the range z-a is the wrong way round'],
    ['a{b,c', 'the { has no } that ends it'],
    ['a{b}', 'braces hold two or more alternatives: {one,other}'],
    ['a\\', 'a backslash at the end escapes nothing'],
    ['{a,'.repeat(9) + 'b' + '}'.repeat(9), 'braces nest at most 8 deep'],
    ['a'.repeat(513), 'a pattern has at most 512 characters'],
  ])('%s is refused: %s', (pattern, message) => {
    expect(checkGlob(pattern)).toBe(message);
  });

  it('answers alike for a list as for its members', () => {
    const test = compileGlobs(['/bin/a', '**/b', '/opt/*/c']);
    expect(['/bin/a', '/x/b', '/opt/y/c', '/opt/y/d', '/bin/a'].map(test)).toEqual([true, true, true, false, true]);
  });

  it('keeps answering right beyond what it remembers', () => {
    const test = compileGlobs(['/srv/*7']);
    const paths = Array.from({ length: 1000 }, (_, index) => `/srv/${index}`);
    expect(paths.filter(test)).toHaveLength(100);
    expect(paths.filter(test)).toHaveLength(100);
  });

  it.each(['*a'.repeat(200) + 'b', '**a'.repeat(150) + 'b', '{a,a*}'.repeat(80) + 'b', '{*,**}'.repeat(80) + 'b', '**/'.repeat(150) + 'b'])(
    'cannot be made to backtrack: %s',
    (pattern) => {
      const started = performance.now();
      expect(matches(pattern, 'a'.repeat(4096))).toBe(false);
      expect(performance.now() - started).toBeLessThan(2000);
    },
  );
});

/** A pattern in pieces; a list of lists stands for braces. */
type Piece = string | Piece[][];

/** The same language, matched the naive way: by trying every possibility. */
function naiveMatch([piece, ...rest]: Piece[], text: string): boolean {
  if (piece === undefined) return text === '';
  if (typeof piece !== 'string') return piece.some((branch) => naiveMatch([...branch, ...rest], text));
  if (piece === '*' || piece === '**') {
    return Array.from({ length: text.length + 1 }, (_, length) => length).some(
      (length) => (piece === '**' || !text.slice(0, length).includes('/')) && naiveMatch(rest, text.slice(length)),
    );
  }
  const character = text.charAt(0);
  const isIn = piece === '?' ? character !== '/' : piece === '[ab]' ? 'ab'.includes(character) : character === piece;
  return character !== '' && isIn && naiveMatch(rest, text.slice(1));
}

function render(pieces: Piece[]): string {
  return pieces.map((piece) => (typeof piece === 'string' ? piece : `{${piece.map(render).join(',')}}`)).join('');
}

describe('globs and a naive matcher', () => {
  const piece = fc.oneof(fc.constantFrom<Piece>('a', 'b', '.', '/', '*', '?', '[ab]'), fc.constantFrom<Piece>([['a'], ['b', '*']], [[], ['/', 'a']], [['a', [['?'], ['.']]], ['*']], [['b', '**', 'a'], ['/']]));
  const pieces = fc.array(piece, { minLength: 1, maxLength: 7 });
  const text = fc.array(fc.constantFrom('a', 'b', '.', '/'), { maxLength: 9 }).map((parts) => parts.join(''));

  it('agree', () => {
    fc.assert(
      fc.property(pieces, text, (parts, path) => {
        const glob = render(parts);
        // Two stars that meet are another pattern than one after the other.
        fc.pre(!glob.replaceAll('b**a', '').includes('**'));
        expect(matches(glob, path)).toBe(naiveMatch(parts, path));
      }),
      options,
    );
  });

  it('agree whether or not the fast ways apply', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-c/]{1,6}$/), fc.stringMatching(/^[a-c/]{0,8}$/), (name, path) => {
        expect(matches(name, path)).toBe(name === path);
        // A class of one letter says the same, and goes through the machine.
        const slow = `**/${name.replace(/[a-c]/, '[$&]')}`;
        expect(matches(`**/${name}`, path)).toBe(matches(slow, path));
      }),
      options,
    );
  });

  it('take any text for a pattern or refuse it, without an exception', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...Array.from('ab/*?[]{}!^-\\,')) }), fc.string(), (glob, path) => {
        if (checkGlob(glob) === null) expect(typeof matches(glob, path)).toBe('boolean');
      }),
      options,
    );
  });
});
