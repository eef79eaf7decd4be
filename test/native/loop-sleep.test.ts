import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
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

  it('counts its own time for timers that were set before', async () => {
    const set = performance.now();
    let firedAfter = 0;
    setTimeout(() => {
      firedAfter = performance.now() - set;
      sleep.end();
    }, 1000);
    let isBusy = true;
    await sleep.take(10, () => {
      const begun = performance.now();
      while (isBusy && performance.now() - begun < 900);
      isBusy = false;
      return LONG;
    });
    expect(firedAfter).toBeGreaterThanOrEqual(999);
    // 900 late, if what `again` took were not counted (in Node 24).
    expect(firedAfter).toBeLessThan(1800);
  });

  describe('in a process that has nothing else', () => {
    let bundle: string;

    beforeAll(async () => {
      bundle = join(folder, 'loop-sleep.mjs');
      symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
      await build({ entryPoints: [fileURLToPath(new URL('../../src/native/loop-sleep.ts', import.meta.url))], bundle: true, platform: 'node', format: 'esm', outfile: bundle, logLevel: 'error' });
    });

    /** What a script prints that has a `sleep`, when its process has ended by itself. */
    const runScript = async (script: string): Promise<string> => {
      const source = `import { createLoopSleep } from ${JSON.stringify(bundle)};\nconst sleep = createLoopSleep();\n${script}`;
      return (await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], { timeout: 20_000 })).stdout.trim();
    };

    it('keeps it alive while it lasts, and no longer', async () => {
      expect(await runScript('await sleep.take(300); console.log("woken");')).toBe('woken');
    });

    it('sleeps: for a second it needs hardly any of the CPU', async () => {
      const used = await runScript(`
        setTimeout(() => { sleep.end(); }, 1000);
        await sleep.take(1);
        const before = process.cpuUsage();
        await sleep.take(3_600_000, undefined, null);
        const { user, system } = process.cpuUsage(before);
        console.log((user + system) / 1000);`);
      expect(Number(used)).toBeLessThan(200);
    });

    it('is ended by who is asked for more', async () => {
      expect(await runScript('setInterval(() => undefined, 60_000); console.log(await sleep.take(1, () => { sleep.end(); return 3_600_000; })); process.exit();')).toBe('false');
    });

    it('is ended by a timer of a time at which it is asked for more without end', async () => {
      expect(await runScript('setTimeout(() => { sleep.end(); }, 50); console.log(await sleep.take(0, () => 0));')).toBe('false');
    });

    it('takes signals, of which each interrupts the call', async () => {
      const script = `
        let heard = 0;
        process.on('SIGUSR2', () => { heard += 1; if (heard === 20) sleep.end(); else process.kill(process.pid, 'SIGUSR2'); });
        setTimeout(() => { process.kill(process.pid, 'SIGUSR2'); }, 20);
        await sleep.take(3_600_000);
        console.log(heard);
        process.exit();`;
      expect(await runScript(script)).toBe('20');
    });
  });
});
