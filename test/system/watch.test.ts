import { build } from 'esbuild';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { WatchOutcome } from './fixtures/watch-driver.ts';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { FIXTURES } from './sandbox.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const STEPS = Number(process.env['FUZZ_RUNS'] ?? 80);
const SEEDS = [1, 2, 3];

/** The watcher runs where the listeners are: in a network and a process tree of their own. */
async function watch(driver: string, seed: number): Promise<WatchOutcome> {
  const inside = ['ip link set lo up; exec "$@"', 'sh', process.execPath, driver, join(FIXTURES, 'listener-families.py'), String(STEPS), String(seed)];
  const { code, stdout, stderr } = await runCommand('unshare', ['-n', '-p', '-m', '-f', '--kill-child', '--mount-proc', 'sh', '-euc', ...inside], { seconds: 120 });
  if (code !== 0) throw new Error(`the driver ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as WatchOutcome;
}

describeUnless(missingForSandbox(), `${STEPS} openings, closings, forks, hand-overs and new programs, watched`, () => {
  let folder: string;
  let outcomes: readonly WatchOutcome[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-watch-'));
    symlinkSync(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'));
    const driver = join(folder, 'driver.mjs');
    await build({ entryPoints: [join(FIXTURES, 'watch-driver.ts')], bundle: true, platform: 'node', format: 'esm', outfile: driver, external: ['systeminformation'], logLevel: 'error' });
    outcomes = await Promise.all(SEEDS.map((seed) => watch(driver, seed)));
  }, 240_000);
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('shows after each step the places that a fresh audit shows', () => {
    expect(outcomes.flatMap(({ otherPlaces }) => otherPlaces)).toEqual([]);
  });

  it('names at once an owner of each new listener, and never one that does not hold it', () => {
    expect(outcomes.flatMap(({ unnamed }) => unnamed)).toEqual([]);
    expect(outcomes.flatMap(({ wrongOwners }) => wrongOwners)).toEqual([]);
  });

  it('names within thirty looks no process that has left, or that runs another program now', () => {
    expect(outcomes.flatMap(({ lasting }) => lasting)).toEqual([]);
  });

  it('shows after a sweep what a fresh audit shows, to the last field', () => {
    expect(outcomes.flatMap(({ otherSweeps }) => otherSweeps)).toEqual([]);
  });

  it('rests while nothing changes, and holds no more descriptors than before', () => {
    expect(outcomes.map(({ restless }) => restless)).toEqual(SEEDS.map(() => 0));
    for (const { descriptors: [before, after] } of outcomes) expect(after).toBeLessThanOrEqual(before);
  });

  it('was put to the test: everything was done', () => {
    const kinds = ['open', 'fork', 'leave', 'exec', 'send', 'connect', 'close'];
    for (const kind of kinds) expect(outcomes.reduce((sum, { done }) => sum + (done[kind] ?? 0), 0), kind).toBeGreaterThan(2);
  });
});
