import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sleep } from '../../src/model/sleep.ts';
import { createLoopSleep } from '../../src/native/loop-sleep.ts';

const LONG = 3_600_000;

describe.skipIf(process.platform !== 'linux')('createLoopSleep', () => {
  let folder: string;
  let pipe: number;
  let sleep: Sleep;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'portreeve-sleep-'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    // Open for both, it neither blocks nor ends.
    pipe = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK);
    const created = createLoopSleep();
    if (created === null) throw new Error('libuv cannot be reached here');
    sleep = created;
  });

  afterAll(() => {
    closeSync(pipe);
    rmSync(folder, { recursive: true });
  });

  it('takes its time where nobody ends it, and no longer', async () => {
    const begun = performance.now();
    expect(await sleep.take(20)).toBe(false);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(20);
    expect(await sleep.take(5, undefined, pipe)).toBe(false);
  });

  it('ends when the descriptor can be read, before and while it sleeps', async () => {
    writeSync(pipe, 'x');
    expect(await sleep.take(LONG, undefined, pipe)).toBe(true);
    readSync(pipe, Buffer.alloc(1));
    setTimeout(() => { writeSync(pipe, 'x'); }, 20);
    expect(await sleep.take(LONG, undefined, pipe)).toBe(true);
    readSync(pipe, Buffer.alloc(1));
    // What is written by another process has nothing to do with this one's loop.
    execFile('sh', ['-c', 'sleep 0.1; echo > "$1"', 'sh', join(folder, 'pipe')]);
    expect(await sleep.take(LONG, undefined, pipe)).toBe(true);
    readSync(pipe, Buffer.alloc(1));
    expect(await sleep.take(1, undefined, pipe)).toBe(false);
  });

  it('tells of a descriptor that is not open, which would never become readable', async () => {
    expect(await sleep.take(LONG, undefined, 1_000_000)).toBe(true);
  });

  it('is ended while it lasts, before it began, and only once', async () => {
    setTimeout(() => { sleep.end(); }, 5);
    expect(await sleep.take(LONG)).toBe(false);
    sleep.end();
    sleep.end();
    expect(await sleep.take(LONG, undefined, pipe)).toBe(false);
    const next = sleep.take(LONG).then(() => 'woken');
    expect(await Promise.race([next, pause(20, 'asleep')])).toBe('asleep');
    sleep.end();
    expect(await next).toBe('woken');
  });

  it('goes on for as long as it is told when its time is over', async () => {
    const longer = [1, 0, 2.5, null];
    let asked = 0;
    expect(await sleep.take(1, () => longer[asked++] ?? null)).toBe(false);
    expect(asked).toBe(4);
    expect(await sleep.take(1, () => { sleep.end(); return LONG; })).toBe(false);
  });

  it('fails where who is asked fails, and can be used again', async () => {
    await expect(sleep.take(1, () => { throw new Error('a fault'); })).rejects.toThrow('a fault');
    expect(await sleep.take(1)).toBe(false);
  });

  it('keeps nothing else from happening, of all that Node can wait for', async () => {
    // Asked again and again, and for ever: what follows comes to its end all the same.
    const sleeping = sleep.take(0, () => 0.5, pipe);
    const server = createServer((socket) => { socket.pipe(socket); });
    server.listen(join(folder, 'socket'));
    await once(server, 'listening');
    const client = connect(join(folder, 'socket'));
    await once(client, 'connect');
    for (let round = 0; round < 20; round += 1) {
      client.write(`round ${round}`);
      expect(String((await once(client, 'data') as [Buffer])[0])).toBe(`round ${round}`);
      await writeFile(join(folder, 'file'), String(round));
      expect(await readFile(join(folder, 'file'), 'utf8')).toBe(String(round));
      await new Promise((resolve) => setImmediate(resolve));
      await pause(1);
    }
    client.destroy();
    await promisify(server.close.bind(server))();
    const told = once(process, 'SIGUSR2');
    process.kill(process.pid, 'SIGUSR2');
    await told;
    expect((await promisify(execFile)('echo', ['a child'])).stdout).toBe('a child\n');
    const worker = new Worker('require("node:worker_threads").parentPort.postMessage("a thread")', { eval: true });
    expect(await once(worker, 'message')).toEqual(['a thread']);
    await worker.terminate();
    sleep.end();
    expect(await sleeping).toBe(false);
  });

  it('counts timers that are set from within from then on', async () => {
    let firedAfter: number | null = null;
    const again = (): number => {
      if (firedAfter === null) {
        firedAfter = 0;
        const set = performance.now();
        setTimeout(() => {
          firedAfter = performance.now() - set;
          sleep.end();
        }, 40);
      }
      return LONG;
    };
    await sleep.take(100, again);
    expect(firedAfter).toBeGreaterThanOrEqual(39);
  });
});
