import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOURNAL_SINK, loadConfig } from '../../src/config/load-config.ts';
import { defaultConfig } from '../../src/config/parse-config.ts';
import { PortreeveError } from '../../src/model/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, content: string | Buffer, mode = 0o644): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

async function errorOf(path: string | null, defaultPath = join(folder, 'none.yaml')): Promise<PortreeveError> {
  const error: unknown = await loadConfig(path, { defaultPath }).catch((caught: unknown) => caught);
  if (!(error instanceof PortreeveError)) throw new Error('it was loaded');
  return error;
}

describe('loadConfig', () => {
  it('takes the defaults where the default file is missing, or its folder', async () => {
    for (const defaultPath of [join(folder, 'none.yaml'), join(folder, 'none', 'none.yaml')]) {
      expect(await loadConfig(null, { defaultPath, defaultSinks: [JOURNAL_SINK] })).toEqual({ config: defaultConfig([JOURNAL_SINK]), warnings: [], given: new Set() });
    }
  });

  it('reads the default file where there is one', async () => {
    const defaultPath = put('portreeve.yaml', 'version: 1\nlog: { level: debug }\n');
    const { config, warnings } = await loadConfig(null, { defaultPath });
    expect([config.file, config.log.level, config.sinks, warnings]).toEqual([defaultPath, 'debug', [], []]);
  });

  it('reads a named file, and leaves the default one alone', async () => {
    const defaultPath = put('portreeve.yaml', 'broken: [');
    const named = put('other.yaml', 'version: 1\nlog: { level: error }\n');
    expect((await loadConfig(named, { defaultPath })).config).toMatchObject({ file: named, log: { level: 'error' } });
  });

  it.each([
    ['a named file that is missing', () => join(folder, 'none.yaml'), 'there is no such file or folder'],
    ['a folder', () => (mkdirSync(join(folder, 'd')), join(folder, 'd')), 'this is a folder, not a configuration'],
    ['a device', () => '/dev/zero', 'this is not a regular file'],
    ['50 MB', () => (truncateSync(put('big.yaml', ''), 50_000_000), join(folder, 'big.yaml')), 'the file is larger than 1 MiB'],
    ['a link to itself', () => (symlinkSync('loop', join(folder, 'loop')), join(folder, 'loop')), 'this symbolic link leads back to itself'],
  ])('refuses %s', async (_, make, message) => {
    const path = make();
    expect(await errorOf(path)).toMatchObject({ code: 'config-unreadable', exitCode: 2, problems: [{ position: { file: path, line: null }, message, code: 'unreadable' }] });
  });

  it('does not take a default file that is a link to nothing for a missing one', async () => {
    const link = join(folder, 'portreeve.yaml');
    symlinkSync('nowhere', link);
    expect(await errorOf(null, link)).toMatchObject({ code: 'config-unreadable' });
  });

  it('refuses what is not UTF-8, with its place', async () => {
    expect(await errorOf(put('latin1.yaml', Buffer.from('version: 1\n# gr\xfcn\n', 'latin1')))).toMatchObject({ code: 'config-invalid', problems: [{ position: { line: 2, column: 5 }, message: 'the file is not UTF-8' }] });
  });

  it('tells all that is wrong in one error, each with its line and a caret', async () => {
    const file = put('bad.yaml', 'version: 1\nscan:\n  intervall: 1s\n  sweep: 5\n');
    const error = await errorOf(file);
    expect(error.code).toBe('config-invalid');
    expect(error.message.split('\n')).toEqual([
      'the configuration has 2 errors',
      `${file}:3:3: scan has no key "intervall"`,
      '      intervall: 1s',
      '      ^',
      '    Did you mean "interval"?',
      `${file}:4:10: scan.sweep: expected a duration from 1s to 1d, found the number 5`,
      '      sweep: 5',
      '             ^',
      '    A duration has a unit: 5s, or 5m. The units are ms, s, m, h and d.',
    ]);
  });
});

// The modes of files mean something else on Windows.
describe.skipIf(process.platform === 'win32')('a configuration that others can write', () => {
  it.each([
    [0o600, []],
    [0o644, []],
    [0o664, ['its group may write this file, and so control the agent (chmod g-w takes that away.)']],
    [0o646, ['everyone may write this file, and so control the agent (chmod o-w takes that away.)']],
    [0o666, ['its group and everyone may write this file, and so control the agent (chmod go-w takes that away.)']],
  ])('with mode %i', async (mode, said) => {
    const { warnings } = await loadConfig(put('x.yaml', 'version: 1\n', mode));
    expect(warnings.map(({ message, hint, level, code }) => [`${message} (${hint ?? ''})`, level, code])).toEqual(said.map((text) => [text, 'warning', 'writable-by-others']));
  });

  it('warns of the file that a link leads to, and when it is broken too', async () => {
    symlinkSync(put('x.yaml', 'version: 2\n', 0o666), join(folder, 'link.yaml'));
    expect((await errorOf(join(folder, 'link.yaml'))).problems.map(({ level }) => level)).toEqual(['warning', 'error']);
  });

  it.skipIf(process.geteuid?.() !== 0)('whose owner is another user (needs root to give it away)', async () => {
    const file = put('x.yaml', 'version: 1\n');
    const { chownSync } = await import('node:fs');
    chownSync(file, 12345, 12345);
    expect((await loadConfig(file)).warnings).toMatchObject([{ message: 'this file belongs to uid 12345, who can change it, and so control the agent', code: 'writable-by-others' }]);
  });
});
