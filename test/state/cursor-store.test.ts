import fc from 'fast-check';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCursorStore, type CursorFiles } from '../../src/state/cursor-store.ts';
import { aLogger, RUNS, useFolder } from './samples.ts';

const folder = useFolder();
const file = (): string => join(folder.path, 'sinks', 'siem.cursor');
const open = (logger = aLogger()): CursorFiles => createCursorStore({ folder: join(folder.path, 'sinks'), logger });

function save(...cursors: readonly [confirmed: number, attempted: number][]): void {
  const store = open();
  for (const [confirmed, attempted] of cursors) store.save('siem', { confirmed, attempted });
  store.close();
}

function load(): unknown {
  const store = open();
  const cursor = store.load('siem');
  store.close();
  return cursor;
}

describe('a cursor', () => {
  it('is what was saved last, in this run and in the next', () => {
    const store = open();
    expect(store.load('siem')).toBeNull();
    store.save('siem', { confirmed: 3, attempted: 5 });
    expect(store.load('siem')).toEqual({ confirmed: 3, attempted: 5 });
    // As after kill -9: nothing was closed.
    expect(load()).toEqual({ confirmed: 3, attempted: 5 });
    store.close();
  });

  it('takes one small file, however often it is saved', () => {
    save(...Array.from({ length: 100 }, (_, at): [number, number] => [at, 1e15 - at]));
    expect([statSync(file()).size, statSync(file()).mode & 0o777]).toEqual([256, 0o600]);
    expect(load()).toEqual({ confirmed: 99, attempted: 1e15 - 99 });
  });

  it('goes back one step where the last write was torn, at whatever byte', () => {
    save([1, 2], [3, 4], [5, 6]);
    const whole = readFileSync(file());
    save([7, 8]);
    const after = readFileSync(file());
    expect(after.subarray(128)).toEqual(whole.subarray(128));
    for (let written = 0; written <= 128; written++) {
      writeFileSync(file(), Buffer.concat([after.subarray(0, written), whole.subarray(written)]));
      expect([{ confirmed: 3, attempted: 4 }, { confirmed: 5, attempted: 6 }, { confirmed: 7, attempted: 8 }]).toContainEqual(load());
    }
  });

  it.each([
    ['foreign', () => { writeFileSync(file(), 'x'.repeat(1000)); }],
    ['empty', () => { writeFileSync(file(), ''); }],
    ['a folder', () => { rmSync(file()); mkdirSync(file()); }],
    ['a symbolic link', () => { rmSync(file()); symlinkSync('/dev/zero', file()); }],
  ])('that is %s reads as none', (_, damage) => {
    save([1, 2]);
    damage();
    expect(load()).toBeNull();
  });

  it('is one that was saved, or none, whatever happens to its bytes', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.uint8Array({ maxLength: 10 }), (at, bytes) => {
        rmSync(file(), { force: true });
        save([1, 2], [3, 4]);
        const whole = readFileSync(file());
        writeFileSync(file(), Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + bytes.length)]));
        expect([null, { confirmed: 1, attempted: 2 }, { confirmed: 3, attempted: 4 }]).toContainEqual(load());
      }),
      RUNS,
    );
  });

  it('is kept in memory where it cannot be written', () => {
    writeFileSync(join(folder.path, 'sinks'), '');
    const logger = aLogger();
    const store = open(logger);
    store.save('siem', { confirmed: 1, attempted: 2 });
    store.save('siem', { confirmed: 3, attempted: 4 });
    expect(store.load('siem')).toEqual({ confirmed: 3, attempted: 4 });
    expect(logger.heard).toEqual([['error', 'the cursor of a sink cannot be saved; after a restart, events may be sent again', { sink: 'siem', folder: join(folder.path, 'sinks'), error: 'EEXIST' }]]);
    expect(store.highest()).toBe(4);
    store.close();
  });

  it.each(['', '../state', 'a/b', 'a.b', 'x'.repeat(65), '\0'])('has no place for a sink called %j', (name) => {
    expect(() => { open().save(name, { confirmed: 1, attempted: 1 }); }).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    expect(() => open().load(name)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });

  it('tells the highest sequence that any sink knows', () => {
    expect(open().highest()).toBe(0);
    const store = open();
    store.save('siem', { confirmed: 3, attempted: 5 });
    store.save('mail', { confirmed: 9, attempted: 9 });
    store.close();
    expect(open().highest()).toBe(9);
  });
});
