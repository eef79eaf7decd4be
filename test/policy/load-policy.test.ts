import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { loadPolicy, loadPolicyDocuments } from '../../src/policy/load-policy.ts';
import { parsePolicyDocument } from '../../src/policy/parse-policy.ts';

const RULE = 'version: 1\nrules: [{ id: r, title: T, severity: info, match: { port: 1 } }]\n';
const today = '2026-02-20';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-policy-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function put(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** What loading the paths fails with; paths in the message are cut to their names. */
async function failure(...paths: string[]): Promise<{ code: string; message: string }> {
  const error: unknown = await loadPolicy(paths, { today }).catch((thrown: unknown) => thrown);
  if (!(error instanceof PortreeveError)) throw new Error('a PortreeveError was expected', { cause: error });
  expect(error.exitCode).toBe(2);
  return { code: error.code, message: error.message.replaceAll(`${folder}/`, '') };
}

describe('loadPolicy', () => {
  it('reads files and folders, a folder by name and without tests, hidden files and others', async () => {
    const rule = (id: string): string => RULE.replace('id: r', `id: ${id}`);
    put('b.yml', rule('b'));
    put('a.yaml', rule('a'));
    put('a.test.yaml', 'cases');
    put('.#b.yml', 'lock');
    put('notes.txt', 'no');
    mkdirSync(join(folder, 'more'));
    const single = put('more/single.policy', rule('single'));
    const policy = await loadPolicy([single, folder], { today });
    expect(policy.rules.map((one) => one.id)).toEqual(['single', 'a', 'b']);
    expect(policy.files).toEqual([single, join(folder, 'a.yaml'), join(folder, 'b.yml')]);
    expect(policy.rules[1]?.position).toEqual({ file: join(folder, 'a.yaml'), line: 2, column: 15 });
    expect(policy.warnings).toEqual([]);
  });

  it('keeps the warnings of a file that is sound', async () => {
    const path = put('a.yaml', RULE.replace('port: 1', 'process: a-name-that-is-too-long'));
    expect((await loadPolicy([path], { today })).warnings).toMatchObject([{ position: { file: path, line: 2 }, level: 'warning' }]);
  });

  it('reports everything wrong in every file at once, readably', async () => {
    put('a.yaml', `${RULE}exceptions:\n  - { id: e, rules: [rr], match: { port: 1 }, reason: R }\n`);
    put('b.yaml', 'version: 1\nrules:\n  - id: r\n    title: "a\\tb"\n    severty: error\n    match: { port: 70000, user: 1000 }\n');
    expect(await failure(folder, join(folder, 'gone.yaml'))).toEqual({
      code: 'policy-invalid',
      message: `the policy has 7 errors
gone.yaml: there is no such file or folder
    Check the spelling of the path.
b.yaml:3:5: a rule needs the key "severity"
      - id: r
        ^
b.yaml:3:9: a second rule with the id "r"
      - id: r
            ^
    It is there already at a.yaml:2:15; ids are unique across all files.
b.yaml:4:12: title has the invisible character U+0009 in it
        title: "a\\\\tb"
               ^
    Remove it: it can make a terminal show something else than the file says.
b.yaml:5:5: a rule has no key "severty"
        severty: error
        ^
    Did you mean "severity"?
b.yaml:6:20: port: expected a port from 0 to 65535, a range like 8000-8100, or a service name, found the number 70000
        match: { port: 70000, user: 1000 }
                       ^
b.yaml:6:33: user: expected text, found the number 1000
        match: { port: 70000, user: 1000 }
                                    ^
    Write "1000" in quotes, or use uid: for a number.`,
    });
  });

  it('shows a hostile line harmlessly, and a long one in part', async () => {
    const path = put('a.yaml', `version: 1\nrule\u202e: [${'x, '.repeat(200)}\u0301]\n`);
    const { message } = await failure(path);
    expect(message.split('\n')[2]).toMatch(/^ {4}rule\\u202e: \[x, .{60,}$/);
    expect(message.split('\n')[2]?.length).toBeLessThanOrEqual(104);
    const far = put('far.yaml', `version: 1\nrules: [${'{}, '.repeat(40)}7]\n`);
    const last = (await failure(far)).message.split('\n').slice(-2);
    expect(last[0]?.slice(last[1]?.indexOf('^'))).toBe('7]');
  });

  it('does not blame an exception for a rule that may stand in a file it cannot read', async () => {
    put('a.yaml', 'version: 1\nexceptions:\n  - { id: e, rules: [elsewhere], match: { port: 1 }, reason: R }\n');
    expect((await failure(folder)).message).toContain('there is no rule "elsewhere"');
    put('b.yaml', 'rules: [');
    expect((await failure(folder)).message).not.toContain('elsewhere');
  });

  it('knows the rules that are in force beside the files', async () => {
    const { document } = await parsePolicyDocument(RULE, 'shipped.yaml');
    const path = put('a.yaml', 'version: 1\nexceptions:\n  - { id: e, rules: [r], match: { port: 1 }, reason: R }\n');
    const { documents } = await loadPolicyDocuments([path], { beside: [document!] });
    expect(documents.map((one) => one.file)).toEqual([path]);
    expect((await failure(path)).message).toContain('there is no rule "r"');
  });
});

describe('what cannot be read', () => {
  it.each([
    ['a missing path', () => join(folder, 'gone'), 'gone: there is no such file or folder'],
    ['a folder without a policy', () => folder, 'this folder holds no policy file (*.yaml, *.yml)'],
    ['a device', () => '/dev/zero', '/dev/zero: this is not a regular file'],
    ['a file in place of a folder', () => join(put('f', ''), 'x.yaml'), 'f/x.yaml: this cannot be read (ENOTDIR)'],
    ['a path with a NUL', () => 'a\0b', 'a\\x00b: this cannot be read (ERR_INVALID_ARG_VALUE)'],
    ['a link to itself', () => (symlinkSync('loop.yaml', join(folder, 'loop.yaml')), join(folder, 'loop.yaml')), 'loop.yaml: this symbolic link leads back to itself'],
    ['a folder named like a file', () => (mkdirSync(join(folder, 'd.yaml')), folder), 'd.yaml: this is a folder, not a policy file'],
    ['a dangling link in a folder', () => (symlinkSync('nowhere', join(folder, 'l.yaml')), folder), 'l.yaml: there is no such file or folder'],
    ['a FIFO', () => (execFileSync('mkfifo', [join(folder, 'p.yaml')]), join(folder, 'p.yaml')), 'p.yaml: this is not a regular file'],
    ['50 MB', () => (truncateSync(put('big.yaml', ''), 50_000_000), join(folder, 'big.yaml')), 'big.yaml: the file is larger than 4 MiB'],
  ])('%s', async (_, path, message) => {
    const started = performance.now();
    const failed = await failure(path());
    expect(failed.code).toBe('policy-unreadable');
    expect(failed.message).toContain(message);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.skipIf(process.getuid?.() === 0)('a file that this user may not read (root may read all)', async () => {
    const path = put('secret.yaml', RULE);
    chmodSync(path, 0);
    expect(await failure(path)).toMatchObject({ code: 'policy-unreadable', message: expect.stringContaining('you may not read this') as string });
  });

  it.each([
    ['Latin-1', Buffer.from('version: 1\n# caf\xe9\n', 'latin1'), 'a.yaml:2:6: the file is not UTF-8'],
    ['UTF-16', Buffer.from('\ufeffversion: 1\n', 'utf16le'), 'It looks like UTF-16: save it as UTF-8.'],
    ['a program', Buffer.from('\x7fELF\x02\x01\x01\0\0', 'latin1'), 'a.yaml:1:1: the character U+007F is not allowed here'],
    ['an empty file', '', 'a.yaml:1:1: the file is empty'],
    ['a tab', 'version: 1\nrules:\n\t- id: x\n', 'a.yaml:3:1: Tabs are not allowed as indentation\n    \\t- id: x\n    ^\n    Indent with spaces.'],
  ])('%s has its place told', async (_, content, message) => {
    const failed = await failure(put('a.yaml', content));
    expect(failed.code).toBe('policy-invalid');
    expect(failed.message).toContain(message);
  });
});
