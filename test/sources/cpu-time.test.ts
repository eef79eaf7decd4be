import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCpuTimeReader } from '../../src/sources/procfs/cpu-time.ts';

describe.skipIf(process.platform !== 'linux')('the CPU time of a process', () => {
  it('grows when the process runs, in nanoseconds', () => {
    const readCpuTime = createCpuTimeReader('/proc');
    const before = readCpuTime?.(process.pid) ?? NaN;
    const { user, system } = process.cpuUsage();
    expect(Math.abs(before / 1e9 - (user + system) / 1e6)).toBeLessThan(1);
    let sum = 0;
    for (let round = 0; round < 1e6; round += 1) sum += round % 7;
    expect(sum).toBeGreaterThan(0);
    expect(readCpuTime?.(process.pid)).toBeGreaterThan(before + 10_000);
  });

  it('stands still while it sleeps, grows with the least that it does, and is null when it has left', async () => {
    const readCpuTime = createCpuTimeReader('/proc');
    const cat = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] });
    const say = async (): Promise<void> => {
      cat.stdin.write('x');
      await once(cat.stdout, 'data');
    };
    await say();
    const pid = cat.pid ?? 0;
    let before = readCpuTime?.(pid);
    // It may still be on its way to sleep.
    for (let look = 0; look < 1000 && before !== readCpuTime?.(pid); look += 1) before = readCpuTime?.(pid);
    expect(readCpuTime?.(pid)).toBe(before);
    await say();
    expect(readCpuTime?.(pid)).toBeGreaterThan(before ?? Infinity);
    cat.stdin.end();
    await once(cat, 'exit');
    expect(readCpuTime?.(pid)).toBeNull();
  });

  it('is not read where processes have other numbers', () => {
    const proc = mkdtempSync(join(tmpdir(), 'portreeve-proc-'));
    expect(createCpuTimeReader(proc)).toBeNull();
    symlinkSync(String(process.pid + 1), join(proc, 'self'));
    expect(createCpuTimeReader(proc)).toBeNull();
    rmSync(proc, { recursive: true });
  });
});
