import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitReadable } from '../../src/native/wait-readable.ts';

describe.skipIf(process.platform !== 'linux')('waiting for a descriptor', () => {
  let folder: string;
  let pipe: number;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-wait-'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    // Open for both, it neither blocks nor ends.
    pipe = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK);
  });

  afterAll(() => {
    closeSync(pipe);
    rmSync(folder, { recursive: true });
  });

  it('ends without one that is readable, and at once when one is', async () => {
    expect(await waitReadable(pipe, 5)).toBe(false);
    const waiting = waitReadable(pipe, 60_000);
    writeSync(pipe, 'x');
    expect(await waiting).toBe(true);
  });

  it('tells of one that is not open, which would never become readable', async () => {
    expect(await waitReadable(1_000_000, 60_000)).toBe(true);
  });
});
