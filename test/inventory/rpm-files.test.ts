import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRpmOwners, hasRpm } from '../../src/inventory/rpm-files.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/rpm/rpmdb.sqlite');
const PAGE = 1024;
const whole = readFileSync(FIXTURE);
const WANTED = new Set(['/usr/sbin/tiny-httpd', '/usr/bin/old-shell', '/usr/libexec/many-served', '/usr/share/many/file-200', '/opt/filler-9/run', '/opt/tiny-httpd', '/usr/bin/filler-9']);
const OWNERS = { '/usr/sbin/tiny-httpd': 'tiny-httpd', '/usr/bin/old-shell': 'old-shell', '/usr/libexec/many-served': 'many-files', '/usr/share/many/file-200': 'many-files', '/opt/filler-9/run': 'filler-9' };
const RUNS = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) };

let root = '';
let database = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portreeve-rpm-'));
  database = join(root, 'var/lib/rpm/rpmdb.sqlite');
  mkdirSync(dirname(database), { recursive: true });
  mkdirSync(join(root, 'usr/bin'), { recursive: true });
  symlinkSync('usr/bin', join(root, 'bin'));
  copyFileSync(FIXTURE, database);
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** The owners by path, or the reason why they are unknown. */
function ask(): unknown {
  const answer = findRpmOwners(root, WANTED);
  return answer === null ? null : 'unknown' in answer ? answer.unknown : Object.fromEntries(answer.packages);
}

/** Writes into the database in place. */
function patch(position: number, bytes: Uint8Array): void {
  const file = openSync(database, 'r+');
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
}

describe("the packages of files, by rpm's database", () => {
  it('are found in a real one, through interior and overflow pages, and where a folder is a link', () => {
    expect(ask()).toEqual(OWNERS);
  });

  it('are found in the other place, and where one place is a link to the other', () => {
    const other = join(root, 'usr/lib/sysimage/rpm');
    mkdirSync(dirname(other), { recursive: true });
    symlinkSync('../../../var/lib/rpm', other);
    expect(ask()).toEqual(OWNERS);
    rmSync(other);
    mkdirSync(other);
    copyFileSync(FIXTURE, join(other, 'rpmdb.sqlite'));
    expect(ask()).toBe('rpm has more than one database on this host');
    rmSync(database);
    expect(ask()).toEqual(OWNERS);
  });

  it('are no matter on a host without one', () => {
    rmSync(database);
    expect(ask()).toBeNull();
    expect(hasRpm(root)).toBe(false);
  });

  it.each(['Packages', 'Packages.db'])('are unknown in one of another kind: %s', (name) => {
    rmSync(database);
    writeFileSync(join(dirname(database), name), 'x');
    expect(ask()).toMatch(/not SQLite/);
    expect(hasRpm(root)).toBe(true);
  });

  it.each(['-wal', '-journal'])('are unknown while changes wait in the %s file, not where it is empty', (end) => {
    writeFileSync(database + end, '');
    expect(ask()).toEqual(OWNERS);
    writeFileSync(database + end, 'x');
    expect(ask()).toBe(`the database of rpm cannot be read: changes that are not in it yet lie in its ${end} file`);
  });

  it('are unknown where what lies there is no file, or no database', () => {
    writeFileSync(database, 'SQLite format 4');
    expect(ask()).toBe('the database of rpm cannot be read: it ends early');
    writeFileSync(database, Buffer.alloc(4096));
    expect(ask()).toBe('the database of rpm cannot be read: its header is not one of SQLite');
    rmSync(database);
    mkdirSync(database);
    expect(ask()).toBe('the database of rpm cannot be read: it is no regular file');
  });
});

describe('a package in a database that fits', () => {
  it('is believed in its name: contents are not verified', () => {
    patch(whole.indexOf('tiny-httpd\x001\x001\x00', 0, 'latin1'), Buffer.from('T'));
    expect(ask()).toEqual({ ...OWNERS, '/usr/sbin/tiny-httpd': 'Tiny-httpd' });
  });

  it('makes all unknown where a folder of it is none', () => {
    patch(whole.indexOf('/usr/sbin/\x00', 0, 'latin1'), Buffer.from('x'));
    expect(ask()).toBe('the database of rpm cannot be read: a package has an unsound folder');
  });
});

describe('a damaged database', () => {
  it('is unknown at whatever length it was cut off', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: whole.length - 1 }), fc.boolean(), (length, atPage) => {
        copyFileSync(FIXTURE, database);
        truncateSync(database, atPage ? length - (length % PAGE) : length);
        expect(ask()).toMatch(/cannot be read/);
      }),
      RUNS,
    );
  });

  it('never loses a package where the head of a page in a tree is damaged', () => {
    const pages = Array.from({ length: whole.length / PAGE }, (_, index) => index).filter((index) => [0x05, 0x0d].includes(whole[index === 0 ? 100 : index * PAGE] ?? 0));
    let unknown = 0;
    fc.assert(
      fc.property(fc.constantFrom(...pages), fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 255 }), (page, byte, value) => {
        const at = page === 0 ? 100 + byte : page * PAGE + byte;
        patch(at, Buffer.from([value]));
        const answer = ask();
        if (typeof answer === 'string') unknown++;
        else expect(answer).toEqual(OWNERS);
        patch(at, whole.subarray(at, at + 1));
      }),
      RUNS,
    );
    expect(unknown).toBeGreaterThan(0);
  });

  it('never throws, whatever bytes lie in it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: whole.length - 9 }), fc.uint8Array({ minLength: 1, maxLength: 8 })), { minLength: 1, maxLength: 40 }), (damages) => {
        copyFileSync(FIXTURE, database);
        for (const [position, bytes] of damages) patch(position, bytes);
        const answer = ask();
        expect(typeof answer === 'string' || Object.keys(answer as object).every((path) => WANTED.has(path))).toBe(true);
      }),
      RUNS,
    );
  });

  it('does not follow a tree that leads back to itself', () => {
    const interior = Array.from({ length: whole.length / PAGE }, (_, index) => index).filter((index) => whole[index * PAGE] === 0x05);
    expect(interior.length).toBeGreaterThan(0);
    for (const page of interior) {
      const self = Buffer.alloc(4);
      self.writeUInt32BE(page + 1);
      patch(page * PAGE + 8, self);
    }
    expect(ask()).toMatch(/is not there, or is used twice$/);
  });
});
