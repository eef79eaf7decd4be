import fc from 'fast-check';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCursorStore, type CursorFiles } from '../../src/state/cursor-store.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aLogger, RUNS } from './samples.ts';

const folder = useFolder();
const file = (): string => join(folder.path, 'sinks', 'siem.cursor');
const open = (logger = aLogger()): Promise<CursorFiles> => openCursorStore({ folder: join(folder.path, 'sinks'), logger });

async function save(...cursors: readonly [confirmed: number, attempted: number][]): Promise<void> {
  const store = await open();
  for (const [confirmed, attempted] of cursors) await store.save('siem', { confirmed, attempted });
  await store.close();
}

async function load(): Promise<unknown> {
  const store = await open();
  const cursor = store.load('siem');
  await store.close();
  return cursor;
}

describe('a cursor', () => {
  it('is what was saved last, in this run and in the next', async () => {
    const store = await open();
    expect(store.load('siem')).toBeNull();
    await store.save('siem', { confirmed: 3, attempted: 5 });
    expect(store.load('siem')).toEqual({ confirmed: 3, attempted: 5 });
    // As after kill -9: nothing was closed.
    expect(await load()).toEqual({ confirmed: 3, attempted: 5 });
    await store.close();
  });

  it('takes one small file, however often it is saved', async () => {
    await save(...Array.from({ length: 100 }, (_, at): [number, number] => [at, 1e15 - at]));
    expect([statSync(file()).size, statSync(file()).mode & 0o777]).toEqual([256, 0o600]);
    expect(await load()).toEqual({ confirmed: 99, attempted: 1e15 - 99 });
  });

  it('knows that the receiver closed after us, also after all sequences that there can be', async () => {
    const store = await open();
    const cursor = { confirmed: 1e16 - 2, attempted: 1e16 - 2, closedBy: '0123456789abcdef' };
    await store.save('siem', cursor);
    expect(await load()).toEqual(cursor);
    await store.save('siem', { confirmed: 4, attempted: 4 });
    expect(await load()).toEqual({ confirmed: 4, attempted: 4 });
    await store.close();
    expect(statSync(file()).size).toBe(256);
  });

  it('is read as an earlier release wrote it, which knew nothing of the receiver', async () => {
    await save([1, 1]);
    writeFileSync(file(), ['2 3 7 057c93fd11b81a30', '1 3 5 a2606eee566cf4ad'].map((slot) => `${slot.padEnd(127)}\n`).join(''));
    expect(await load()).toEqual({ confirmed: 3, attempted: 7 });
  });

  it('goes back one step where the last write was torn, at whatever byte', async () => {
    await save([1, 2], [3, 4], [5, 6]);
    const whole = readFileSync(file());
    await save([7, 8]);
    const after = readFileSync(file());
    expect(after.subarray(128)).toEqual(whole.subarray(128));
    for (let written = 0; written <= 128; written++) {
      writeFileSync(file(), Buffer.concat([after.subarray(0, written), whole.subarray(written)]));
      expect([{ confirmed: 3, attempted: 4 }, { confirmed: 5, attempted: 6 }, { confirmed: 7, attempted: 8 }]).toContainEqual(await load());
    }
  });

  it('that was made and never written is none', async () => {
    await save([1, 2]);
    writeFileSync(file(), '');
    expect(await load()).toBeNull();
  });

  it.each([
    ['foreign', () => { writeFileSync(file(), 'x'.repeat(1000)); }],
    ['of zeros', () => { writeFileSync(file(), Buffer.alloc(256)); }],
    ['a folder', () => { rmSync(file()); mkdirSync(file()); }],
    ['a symbolic link', () => { rmSync(file()); symlinkSync('/dev/zero', file()); }],
    ['in a folder that is none', () => { rmSync(join(folder.path, 'sinks'), { recursive: true }); writeFileSync(join(folder.path, 'sinks'), ''); }],
  ])('that is %s is unreadable, which is not the same as none', async (_, damage) => {
    await save([1, 2]);
    damage();
    expect(await load()).toBe('unreadable');
  });

  it('is one that was saved, or unreadable, whatever happens to its bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(255), fc.uint8Array({ maxLength: 10 }), async (at, bytes) => {
        rmSync(file(), { force: true });
        const store = await open();
        await store.save('siem', { confirmed: 1, attempted: 2 });
        await store.save('siem', { confirmed: 3, attempted: 4, closedBy: 'fedcba9876543210' });
        await store.close();
        const whole = readFileSync(file());
        writeFileSync(file(), Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + bytes.length)]));
        expect(['unreadable', { confirmed: 1, attempted: 2 }, { confirmed: 3, attempted: 4, closedBy: 'fedcba9876543210' }]).toContainEqual(await load());
      }),
      RUNS,
    );
  });

  it('is kept in memory where it cannot be written', async () => {
    writeFileSync(join(folder.path, 'sinks'), '');
    const logger = aLogger();
    const store = await open(logger);
    await store.save('siem', { confirmed: 1, attempted: 2 });
    await store.save('siem', { confirmed: 3, attempted: 4 });
    expect(store.load('siem')).toEqual({ confirmed: 3, attempted: 4 });
    expect(logger.heard).toEqual([['error', 'the cursor of a sink cannot be saved; after a restart, events may be sent again', { sink: 'siem', folder: join(folder.path, 'sinks'), error: 'EEXIST' }]]);
    expect(store.highest()).toBe(4);
    await store.close();
  });

  it.each(['', '../state', 'a/b', 'a.b', 'x'.repeat(65), '\0'])('has no place for a sink called %j', async (name) => {
    const store = await open();
    expect(() => store.save(name, { confirmed: 1, attempted: 1 })).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    expect(() => store.load(name)).toThrow(expect.objectContaining({ code: 'config-invalid' }));
  });

  it('tells the highest sequence that any sink knows', async () => {
    expect((await open()).highest()).toBe(0);
    const store = await open();
    await store.save('siem', { confirmed: 3, attempted: 5 });
    await store.save('mail', { confirmed: 9, attempted: 9 });
    await store.close();
    expect((await open()).highest()).toBe(9);
  });
});
