import { describe, expect, it } from 'vitest';
import { readYaml } from '../../src/yaml/read-yaml.ts';

/** `line:column message` of each problem. */
async function problemsOf(text: string): Promise<readonly string[]> {
  const { root, problems } = await readYaml(text, 'x.yaml');
  expect(root).toBeNull();
  expect(problems.length).toBeGreaterThan(0);
  return problems.map(({ position, message }) => `${position.line ?? '-'}:${position.column ?? '-'} ${message}`);
}

async function valueOf(scalar: string): Promise<unknown> {
  const { root, problems } = await readYaml(`key: ${scalar}\n`, 'x.yaml');
  expect(problems).toEqual([]);
  const value = root?.kind === 'mapping' ? root.entries[0]?.value : undefined;
  return value?.kind === 'scalar' ? value.value : value?.kind;
}

describe('hostile YAML is refused with its place', () => {
  it.each([
    ['nothing at all', '', '1:1 the file is empty'],
    ['blanks and comments only', '\n# rules:\n   \n', '1:1 the file is empty'],
    ['an explicit null', '---\n', '1:1 the file is empty'],
    ['a tab as indentation', 'rules:\n\t- id: x\n', '2:1 Tabs are not allowed as indentation'],
    ['a NUL', 'version: 1\na: x\0y\n', '2:5 the character U+0000 is not allowed here'],
    ['an escape sequence', 'a: \x1b[31m\n', '1:4 the character U+001B is not allowed here'],
    ['a C1 control', 'a: \x9b31m\n', '1:4 the character U+009B is not allowed here'],
    ['a lone surrogate', 'a: \ud800\n', '1:4 the character U+D800 is not allowed here'],
    ['a lone carriage return', 'a: 1\rb: 2\n', '1:5 the character U+000D is not allowed here'],
    ['a key that is there twice', 'version: 1\nrules: []\nversion: 2\n', '3:1 the key "version" is there twice'],
    ['a key that is there twice, quoted', '{a: 1, "a": 2}', '1:8 the key "a" is there twice'],
    ['a merge key', 'base: &b { a: 1 }\nother:\n  <<: *b\n', '3:3 merge keys (<<) are not part of YAML 1.2'],
    ['a tag of another language', 'a: !!js/function "x"\n', '1:4 the tag "tag:yaml.org,2002:js/function" is not supported'],
    ['a tag of its own', 'a: !secret x\n', '1:4 the tag "!secret" is not supported'],
    ['binary data', 'a: !!binary aGk=\n', '1:4 the tag "tag:yaml.org,2002:binary" is not supported'],
    ['an alias without an anchor', 'a: *gone\n', '1:4 no anchor &gone stands before this alias'],
    ['an alias before its anchor', 'a: *b\nc: &b 1\n', '1:4 no anchor &b stands before this alias'],
    ['an alias inside its own anchor', 'a: &a [*a]\n', '1:8 the alias *a stands inside what it stands for'],
    ['an alias as a key', 'a: &a x\n*a : 1\n', '2:1 a key must be a plain word'],
    ['a list as a key', '? [a]\n: 1\n', '1:3 a key must be a plain word'],
    ['a second document', 'version: 1\n---\nversion: 1\n', '2:1 a second YAML document begins here'],
    ['YAML 1.1', '%YAML 1.1\n---\na: no\n', '1:1 YAML 1.1 reads words and numbers differently and is not supported'],
    ['an unclosed quote', 'a: "x\n', '2:1 Missing closing "quote'],
    ['an unclosed bracket', 'a: [1, 2\n', '2:1 Flow sequence in block collection must be sufficiently indented and end with a ]'],
  ])('%s', async (_, text, problem) => {
    expect((await problemsOf(text))[0]).toBe(problem);
  });

  it.each([
    ['flow lists', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}`, '1:'],
    ['flow mappings', '{a: '.repeat(10_000), '1:'],
    ['block lists', '- '.repeat(10_000), '1:'],
    ['block mappings', Array.from({ length: 2000 }, (__, depth) => `${' '.repeat(depth)}a:`).join('\n'), '100:'],
    ['explicit keys', '? '.repeat(10_000), '1:'],
  ])('10,000-deep nesting: %s', async (_, text, place) => {
    const started = performance.now();
    const [problem] = await problemsOf(text);
    expect(problem).toMatch(new RegExp(`^${place}.*nested more than 100 levels deep$`));
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('an alias bomb', async () => {
    const levels = Array.from({ length: 30 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
    const started = performance.now();
    const problems = await problemsOf(['l0: &l0 boom', ...levels].join('\n'));
    expect(problems).toEqual([expect.stringMatching(/^8:\d+ with its aliases written out, this would be too large$/)]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('a file of nothing but separators, of errors, or of lists', async () => {
    const started = performance.now();
    for (const text of [']'.repeat(100_000), '---\n'.repeat(100_000), `a: "${'\\q'.repeat(100_000)}"`, `a: [${',,'.repeat(50_000)}]`, '%a\n'.repeat(50_000)]) {
      expect((await problemsOf(text)).length).toBeLessThanOrEqual(5);
    }
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('a file with too many parts', async () => {
    expect(await problemsOf(`a:\n${'- b\n'.repeat(260_000)}`)).toEqual([expect.stringMatching(/^\d+:\d+ the file has too many parts$/)]);
  }, 60_000);
});

describe('YAML is read as version 1.2 says', () => {
  it.each([
    ['no', 'no'],
    ['yes', 'yes'],
    ['on', 'on'],
    ['true', true],
    ['~', null],
    ['', null],
    ['22:22', '22:22'],
    ['2027-06-30', '2027-06-30'],
    ['1_000', '1_000'],
    ['0x16', 22],
    ['1e308', 1e308],
    ['"22"', '22'],
    ["'~'", '~'],
    ['!!str 22', '22'],
    ['1302 # comment', 1302],
    ['[]', 'sequence'],
  ])('%s', async (source, value) => {
    expect(await valueOf(source)).toBe(value);
  });

  it('keeps how a number was written', async () => {
    const { root } = await readYaml('port: 0177\n', 'x.yaml');
    expect(root).toMatchObject({ entries: [{ key: 'port', keyAt: [1, 1], value: { at: [1, 7], value: 177, source: '0177' } }] });
  });

  it('takes a byte order mark and CRLF as they come, and counts columns without them', async () => {
    const { root, problems } = await readYaml('\ufeffversion: 1\r\nrules:\r\n  - id: x\r\n', 'x.yaml');
    expect(problems).toEqual([]);
    expect(root).toMatchObject({ at: [1, 1], entries: [{ key: 'version' }, { key: 'rules', value: { items: [{ at: [3, 5] }] } }] });
  });

  it('shares what an alias stands for', async () => {
    const { root } = await readYaml('a: &x [1]\nb: *x\nc: &x 2\nd: *x\n', 'x.yaml');
    const values = root?.kind === 'mapping' ? root.entries.map((entry) => entry.value) : [];
    expect(values[1]).toBe(values[0]);
    expect(values[3]).toBe(values[2]);
  });

  it('takes __proto__ for a key like any other', async () => {
    const { root } = await readYaml('__proto__: { polluted: 1 }\n', 'x.yaml');
    expect(root).toMatchObject({ kind: 'mapping', entries: [{ key: '__proto__' }] });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
