// The daemon's look at a host, made from the sources, and a process whose listener comes and goes, for benches.
import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { PYTHON } from './inside.mjs';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Gives what opens a watcher, as the daemon does. */
export async function loadWatcher() {
  // From there it finds the packages.
  const folder = mkdtempSync(join(repository, 'node_modules/.bench-'));
  try {
    const outfile = join(folder, 'watch-host.mjs');
    await build({ entryPoints: [join(repository, 'src/pass/watch-host.ts')], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' });
    const { createHostWatcher } = await import(pathToFileURL(outfile).href);
    return () => createHostWatcher({ source: 'netlink', clock: { now: () => new Date(), steady: () => performance.now() } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the work took of this process: wall clock and CPU, milliseconds. */
export async function timed(work) {
  const [before, from] = [process.cpuUsage(), performance.now()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, wall: performance.now() - from, cpu: (user + system) / 1000 };
}

/** A process with a listener that opens and closes at a word: `open PORT`, `close`. */
const OPENER = `
import socket, sys
held = None
print('ready', flush=True)
for line in sys.stdin:
    word = line.split()
    if word[0] == 'open':
        held = socket.socket(); held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); held.bind(('0.0.0.0', int(word[1]))); held.listen(8)
    else:
        held.close()
    print('done', flush=True)
`;

export async function startOpener() {
  const child = spawn(PYTHON, ['-c', OPENER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    pid: child.pid,
    async say(words) {
      child.stdin.write(`${words}\n`);
      await lines.next();
    },
    async end() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
