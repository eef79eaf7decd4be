import { buildSync } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../src/model/clock.ts';
import { openEventLog } from '../../src/state/event-log.ts';
import { lockStateDir } from '../../src/state/lock-state-dir.ts';
import { useFolder } from '../fixtures/use-folder.ts';
import { aLogger, readAll } from './samples.ts';

const folder = useFolder();

/** A program of `fixtures/`, bundled as the command line is. */
function bundle(name: string): string {
  const outfile = join(folder.path, `${name}.cjs`);
  buildSync({ entryPoints: [fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url))], bundle: true, platform: 'node', target: 'node20', format: 'cjs', outfile });
  return outfile;
}

/** Runs it until it has said so many lines, and kills it at once. */
async function killAfter(program: string, dir: string, lines: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text.split('\n').length > lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return text.split('\n').slice(0, -1);
}

describe('kill -9, twenty times while it writes', () => {
  it('loses no event that was promised, gives no sequence or id twice, and loads state and cursors each time', { timeout: 60_000 }, async () => {
    const program = bundle('append-forever');
    const dir = join(folder.path, 'state');
    const promised = new Map<number, string>();
    let before = { newest: 0, saved: 0, confirmed: 0 };
    for (let round = 0; round < 20; round++) {
      const said = await killAfter(program, dir, 5 + round * 7);
      const [, newest, saved, confirmed] = /^start (\d+) (\d+) (\d+)$/.exec(said[0]!)!.map(Number) as [number, number, number, number];
      expect(newest).toBeGreaterThanOrEqual(before.newest);
      expect(saved).toBeGreaterThanOrEqual(before.saved);
      expect(confirmed).toBeGreaterThanOrEqual(before.newest);
      before = { newest, saved, confirmed };
      for (const line of said.slice(1)) {
        // The one thing to complain of is half an event, which was promised to nobody.
        if (line.startsWith('problem ')) {
          expect(line).toContain('ended in the middle of an event');
          continue;
        }
        const [sequence, id] = line.split(' ') as [string, string];
        expect(promised.has(Number(sequence))).toBe(false);
        promised.set(Number(sequence), id);
        before.newest = Number(sequence);
      }
    }
    const log = await openEventLog({ folder: join(dir, 'events'), maxBytes: 1 << 19, maxAgeMs: 1e9, host: 'web1', clock: SYSTEM_CLOCK, logger: aLogger() });
    const kept = new Map((await readAll(log)).map(({ sequence, id }) => [sequence, id]));
    await log.close();
    expect(promised.size).toBeGreaterThan(400);
    const wanted = [...promised].filter(([sequence]) => sequence >= log.oldest);
    expect(wanted.filter(([sequence, id]) => kept.get(sequence) !== id)).toEqual([]);
    expect(new Set(kept.values()).size).toBe(kept.size);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp') || name.endsWith('.lock')).length).toBeLessThanOrEqual(2);
  });
});

describe('lockStateDir', () => {
  it('lets one daemon use a state directory, and the next one when that was killed', async () => {
    const program = bundle('append-forever');
    const dir = join(folder.path, 'state');
    const child = spawn(process.execPath, [program, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await expect(lockStateDir(dir)).rejects.toMatchObject({ code: 'daemon-running', exitCode: 3, message: `another daemon uses ${dir} (process ${child.pid})` });
    child.stdout.resume();
    child.kill('SIGKILL');
    await once(child, 'close');
    const lock = await lockStateDir(dir);
    expect(lock.problem).toBeNull();
    expect(readdirSync(dir).filter((name) => name.startsWith('daemon.')).map((name) => name.split('.')[1])).toEqual([String(process.pid)]);
    await lock.release();
    expect(readdirSync(dir).filter((name) => name.startsWith('daemon.'))).toEqual([]);
  });
});
