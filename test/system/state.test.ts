import { buildSync } from 'esbuild';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeUnless, missingForSandbox } from './requirements.ts';
import { runCommand } from './run-command.ts';
import { FIXTURES } from './sandbox.ts';

/** In a mount namespace of its own, which ends with the shell. */
const ON_A_SMALL_DISK = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" "$3" "$1"';

describeUnless(missingForSandbox(), 'the state directory on a disk that fills up and becomes read-only', () => {
  let folder: string;
  let said: Record<string, unknown>;
  const events = (): string => join(folder, 'disk', 'state', 'events');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-disk-'));
    mkdirSync(join(folder, 'disk'));
    const program = join(folder, 'bad-disk.cjs');
    buildSync({ entryPoints: [join(FIXTURES, 'bad-disk.ts')], bundle: true, platform: 'node', target: 'node20', format: 'cjs', outfile: program });
    const { code, stdout, stderr } = await runCommand('unshare', ['-m', 'sh', '-uc', ON_A_SMALL_DISK, 'sh', join(folder, 'disk'), process.execPath, program]);
    expect([code, stderr]).toEqual([0, '']);
    said = JSON.parse(stdout) as Record<string, unknown>;
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('serves every event from memory while it is full, and leaves whole lines, the old state and a cursor that moves', () => {
    expect(said['full']).toEqual({
      writable: false,
      error: `${events()}: there is no room to write it (ENOSPC)`,
      newest: 500,
      readable: 500,
      lastByte: 10,
      stateError: `${join(folder, 'disk', 'state', 'state.json')}: there is no room to write it (ENOSPC)`,
      state: 1,
      cursor: { confirmed: 2, attempted: 2 },
    });
  });

  it('has every event on disk once there is room', () => {
    expect(said['emptied']).toEqual({ flushed: true, writable: true, unwritten: 0 });
    expect(said['restarted']).toEqual({ readable: 500, problems: [], state: 3 });
  });

  it('starts on a read-only disk with what is on it, says so, and writes once it can', () => {
    expect(said['readOnly']).toEqual({
      error: `${events()}: cannot be written (EROFS)`,
      readable: 505,
      lock: `${join(folder, 'disk', 'state')}: cannot be written (EROFS)`,
      cursor: { confirmed: 2, attempted: 2 },
    });
    expect(said['writableAgain']).toEqual({ flushed: true, readable: 505 });
  });
});
