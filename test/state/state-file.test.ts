import fc from 'fast-check';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStateFile, type StateFile } from '../../src/state/state-file.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aClock, aLogger, RUNS } from './samples.ts';

const folder = useFolder();
const path = (): string => join(folder.path, 'state.json');
const open = (logger = aLogger(), clock = aClock()): StateFile => openStateFile({ path: path(), clock, logger });

describe('a state file', () => {
  it('gives back what was saved, also through another process', async () => {
    expect(await open().load()).toBeNull();
    const file = open();
    await file.save({ sequence: 7, alerts: { open: ['a', { __proto__: null }] } });
    expect(await open().load()).toEqual({ schema: 'portreeve/state/v1', savedAt: '2026-11-22T07:47:56.000Z', sequence: 7, alerts: { open: ['a', {}] } });
    expect(statSync(path()).mode & 0o777).toBe(0o600);
    expect(file.status()).toEqual({ problem: null, error: null });
  });

  it('can be saved again as it was loaded', async () => {
    await open().save({ sequence: 1 });
    const loaded = await open().load();
    await openStateFile({ path: path(), clock: aClock('2027-01-01T00:00:00.000Z'), logger: aLogger() }).save({ ...loaded, sequence: 2 });
    expect(await open().load()).toMatchObject({ savedAt: '2027-01-01T00:00:00.000Z', sequence: 2 });
  });

  it('holds the newest of those that were saved at once', async () => {
    const file = open();
    await Promise.all(Array.from({ length: 50 }, (_, sequence) => file.save({ sequence })));
    expect(await open().load()).toMatchObject({ sequence: 49 });
    expect(readdirSync(folder.path)).toEqual(['state.json']);
  });

  it.each([
    ['torn', 'is not whole', () => { writeFileSync(path(), readFileSync(path()).subarray(0, -1)); }],
    ['torn', 'is not whole', () => { writeFileSync(path(), readFileSync(path(), 'utf8').replace('"sequence":7', '"sequence":8')); }],
    ['newer', 'was written by a later version (portreeve/state/v2)', () => { writeFileSync(path(), readFileSync(path(), 'utf8').replace('state/v1', 'state/v2')); }],
    ['foreign', 'is not a saved state', () => { writeFileSync(path(), 'hello'); }],
    ['foreign', 'is not a saved state', () => { writeFileSync(path(), ''); }],
    ['foreign', 'is not a regular file', () => { rmSync(path()); mkdirSync(path()); }],
    ['foreign', 'is a symbolic link', () => { rmSync(path()); symlinkSync('/dev/zero', path()); }],
  ])('that is %s (%s) is set aside and told of', async (reason, what, damage) => {
    await open().save({ sequence: 7 });
    damage();
    const logger = aLogger();
    const file = open(logger);
    expect(await file.load()).toBeNull();
    const problem = `${path()} ${what}; it was set aside as ${path()}.${reason}-2026-11-22T07-47-56Z`;
    expect(file.status().problem).toBe(problem);
    expect(logger.heard).toEqual([['warning', 'the saved state cannot be used', { problem }]]);
    expect(readdirSync(folder.path)).toEqual([`state.json.${reason}-2026-11-22T07-47-56Z`]);
    await file.save({ sequence: 8 });
    expect(await open().load()).toMatchObject({ sequence: 8 });
  });

  it('that is damaged at every start fills no disk', async () => {
    const clock = aClock();
    for (let start = 0; start < 9; start++) {
      writeFileSync(path(), `hello ${start}`);
      expect(await open(aLogger(), clock).load()).toBeNull();
      clock.pass(1000);
    }
    const kept = readdirSync(folder.path);
    expect(kept.map((name) => readFileSync(join(folder.path, name), 'utf8'))).toEqual(['hello 4', 'hello 5', 'hello 6', 'hello 7', 'hello 8']);
  });

  it('is whole or not used, whatever happens to its bytes', async () => {
    await open().save({ sequence: 7, alerts: ['x'.repeat(200)] });
    const whole = readFileSync(path());
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 20 }), fc.nat(400), async (at, bytes, instead) => {
        const damaged = Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + instead)]);
        writeFileSync(path(), damaged);
        const loaded = await open().load();
        expect(loaded === null).toBe(!damaged.equals(whole));
        rmSync(path(), { force: true });
      }),
      RUNS,
    );
  });

  it('leaves nothing behind of a process that was killed while saving', async () => {
    writeFileSync(`${path()}.4711.tmp`, 'half');
    writeFileSync(`${path()}.mine.tmp`, 'mine');
    await open().load();
    expect(readdirSync(folder.path)).toEqual(['state.json.mine.tmp']);
  });

  it('that cannot be written stops nothing, and says so once', async () => {
    writeFileSync(join(folder.path, 'blocked'), '');
    const logger = aLogger();
    const blocked = join(folder.path, 'blocked', 'state.json');
    const file = openStateFile({ path: blocked, clock: aClock(), logger });
    await file.save({ sequence: 1 });
    await file.save({ sequence: 2 });
    expect(file.status().error).toBe(`${blocked}: cannot be written (EEXIST)`);
    expect(logger.heard.map(([level]) => level)).toEqual(['error']);
    rmSync(join(folder.path, 'blocked'));
    await file.save({ sequence: 3 });
    expect(file.status().error).toBeNull();
    expect(existsSync(blocked)).toBe(true);
  });
});
