import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE } from './portreeve.ts';

const PROGRAMS = ['program.cjs', 'audit.cjs'];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portreeve-launch-'));
  for (const name of ['portreeve.cjs', ...PROGRAMS, ...PROGRAMS.map((program) => `${program}.compiled`)]) copyFileSync(join(dirname(BUNDLE), name), join(folder, name));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (...args: readonly string[]) => spawnSync(process.execPath, [join(folder, 'portreeve.cjs'), ...args], { encoding: 'utf8' });
const start = (program: string) => (program === 'audit.cjs' ? run('audit', '--help').stdout.split('\n')[0] : run('--version').stdout.trimEnd());
const started = { 'program.cjs': '0.1.0', 'audit.cjs': 'Usage: portreeve audit [options]' };

describe.each(['program.cjs', 'audit.cjs'] as const)('the compiled form of %s', (program) => {
  it('is passed over where it is torn, foreign or missing', () => {
    expect(start(program)).toBe(started[program]);
    for (const damage of [Buffer.alloc(0), Buffer.from('not what V8 wrote'), Buffer.alloc(100_000, 7)]) {
      writeFileSync(join(folder, `${program}.compiled`), damage);
      expect(start(program)).toBe(started[program]);
    }
    rmSync(join(folder, `${program}.compiled`));
    expect(start(program)).toBe(started[program]);
  });
});

describe('the programs', () => {
  it.each(PROGRAMS)('%s is ASCII, as which the launcher reads it', (program) => {
    expect(readFileSync(join(folder, program)).every((byte) => byte < 0x80)).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')('load nothing for an audit that only a daemon or an update needs', () => {
    const listing = join(folder, 'listing.cjs');
    writeFileSync(listing, "process.on('exit', () => require('fs').writeSync(2, JSON.stringify(process.moduleLoadList)));");
    const { stderr } = spawnSync(process.execPath, ['--require', listing, BUNDLE, 'audit', '--now'], { encoding: 'utf8', env: { ...process.env, STATE_DIRECTORY: folder } });
    const loaded = new Set((JSON.parse(stderr.slice(stderr.lastIndexOf('["'))) as string[]).map((name) => name.replace('NativeModule ', '')));
    expect(loaded.has('os')).toBe(true);
    expect(['net', 'tls', 'dgram', 'http', 'https', 'crypto', 'child_process', 'stream', 'fs/promises', 'perf_hooks', 'worker_threads'].filter((name) => loaded.has(name))).toEqual([]);
  });
});
