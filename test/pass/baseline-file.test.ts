import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readExpiry } from '../../src/pass/baseline-expiry.ts';
import { checkBaselinePlace } from '../../src/pass/baseline-create.ts';
import { createFile, replaceFile } from '../../src/pass/baseline-file.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-file-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('createFile', () => {
  it('makes a file that only its owner reads, and leaves nothing else behind', async () => {
    await createFile(at('new.yaml'), 'text\n');
    expect(readFileSync(at('new.yaml'), 'utf8')).toBe('text\n');
    expect(statSync(at('new.yaml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['new.yaml']);
  });

  it.each<[string, () => void]>([
    ['a file', () => { writeFileSync(at('x'), 'old'); }],
    ['a folder', () => { mkdirSync(at('x')); }],
    ['a symbolic link to nowhere', () => { symlinkSync(at('nowhere'), at('x')); }],
  ])('leaves %s as it was', async (_what, make) => {
    make();
    const before = readdirSync(folder);
    await expect(createFile(at('x'), 'new')).rejects.toMatchObject({ code: 'output-unwritable', message: `${at('x')}: there is a file already, and it was left as it is` });
    expect(readdirSync(folder)).toEqual(before);
  });

  it('says what to do where the folder is missing', async () => {
    await expect(createFile(at('none/x'), 'new')).rejects.toMatchObject({ code: 'output-unwritable', message: `${at('none/x')}: its folder does not exist` });
  });
});

describe('replaceFile', () => {
  it('keeps the permissions of the file and the link that led to it', async () => {
    writeFileSync(at('real'), 'old');
    chmodSync(at('real'), 0o640);
    symlinkSync('real', at('link'));
    await replaceFile(at('link'), 'new');
    expect([readFileSync(at('real'), 'utf8'), statSync(at('real')).mode & 0o777, lstatSync(at('link')).isSymbolicLink()]).toEqual(['new', 0o640, true]);
    expect(readdirSync(folder).sort()).toEqual(['link', 'real']);
  });

  it('makes one that is not there, and replaces no folder', async () => {
    await replaceFile(at('x'), 'new');
    expect(statSync(at('x')).mode & 0o777).toBe(0o600);
    mkdirSync(at('folder'));
    await expect(replaceFile(at('folder'), 'new')).rejects.toMatchObject({ code: 'output-unwritable', message: `${at('folder')}: this is not a regular file` });
  });
});

describe('checkBaselinePlace', () => {
  it('refuses what is taken, and with force still what is in force', async () => {
    writeFileSync(at('x'), '');
    await expect(checkBaselinePlace(at('none'), false, [at('none')])).resolves.toBeUndefined();
    await expect(checkBaselinePlace(at('x'), false, [])).rejects.toMatchObject({ code: 'output-unwritable', hint: 'name another file, or add --force to replace it' });
    await expect(checkBaselinePlace(at('x'), true, [])).resolves.toBeUndefined();
    await expect(checkBaselinePlace(at('./x'), true, [at('x')])).rejects.toMatchObject({ code: 'output-unwritable', message: `${at('x')}: this file is in force, and what it silences would be missing from a new one` });
  });
});

describe('readExpiry', () => {
  const now = new Date(2026, 10, 22, 23, 59);

  it.each([
    ['1d', '2026-11-23'],
    ['90d', '2027-02-20'],
    ['12w', '2027-02-14'],
    ['2026-11-22', '2026-11-22'],
    ['2028-02-29', '2028-02-29'],
  ])('%s is %s', (text, date) => {
    expect(readExpiry(text, now)).toBe(date);
  });

  it.each(['', '0d', '90', '90 d', '-1d', '3654d', '9999w', '1y', '2026-11-21', '2027-02-29', '2027-1-1', '٣d', '1e3d'])('%j is refused', (text) => {
    expect(() => readExpiry(text, now)).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
  });
});
