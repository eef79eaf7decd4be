// What the running daemon takes: resident memory at server load, and CPU time of an idle minute beside ss run every second.
//   node test/bench/daemon.mjs [--seconds N] [--json]
// The kernel tells of all namespaces of a machine: let nothing else open listeners meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLoad, LOADS, measure, median, runInside } from './inside.mjs';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, json: { type: 'boolean', default: false }, inside: { type: 'boolean', default: false } } });
const seconds = Number(options.seconds);
const PROGRAM = fileURLToPath(new URL('../../dist/bin/portreeve.cjs', import.meta.url));
const STEADY = { listeners: 1_000, processes: 20, descriptors: 2_000, connections: 0, udp: 0 };
/** From the start until start-up and first sweep are over. Milliseconds. */
const WARM = 8_000;

if (options.inside) await benchAll();
else process.exitCode = await runInside(fileURLToPath(import.meta.url), ['--inside', ...process.argv.slice(2)]);

async function benchAll() {
  const server = await withDaemon(LOADS.server, async (pid) => {
    await pause(seconds * 500);
    return { resident: readKib(pid, 'VmRSS') / 1024, peak: readKib(pid, 'VmHWM') / 1024 };
  });
  const idle = await withDaemon(STEADY, async (pid) => {
    const before = cpuOf(pid);
    await pause(seconds * 1000);
    const daemonMs = cpuOf(pid) - before;
    return { daemonMs, ssMs: median((await measure({ ss: ['ss', '-Htuln'] }, 20)).ss.cpu) * seconds };
  });
  const report = { seconds, node: process.version, server, idle };
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else {
    const ratio = idle.daemonMs / idle.ssMs;
    console.log(`resident memory at server load: ${server.resident.toFixed(0)} MiB, at most ${server.peak.toFixed(0)} (promised 75${server.resident > 75 ? ', MISSED' : ''})`);
    console.log(`${seconds} s idle, 1,000 listeners: ${idle.daemonMs.toFixed(0)} ms of CPU, ${ratio.toFixed(2)} x ss -Htuln every second (${idle.ssMs.toFixed(0)} ms; promised 0.1${ratio > 0.1 ? ', MISSED' : ''})`);
  }
}

/** Runs a daemon as the unit does, beside a load; gives what `work` found out about the process. */
async function withDaemon(load, work) {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-bench-'));
  const built = await buildLoad(load);
  const config = join(folder, 'portreeve.yaml');
  writeFileSync(config, `version: 1\nstate: { dir: ${folder}/state }\ncontrol: { socket: ${folder}/control.sock }\nsinks: [{ name: out, type: json, file: ${folder}/events.jsonl }]\n`, { mode: 0o600 });
  const environment = { ...process.env, MALLOC_ARENA_MAX: '1' };
  // Node would load all issuers of certificates at its start for it.
  delete environment.NODE_EXTRA_CA_CERTS;
  const daemon = spawn(process.execPath, ['--max-old-space-size=128', PROGRAM, 'daemon', '--config', config], { stdio: 'ignore', env: environment });
  const ended = once(daemon, 'exit');
  try {
    await pause(WARM);
    return await work(daemon.pid);
  } finally {
    daemon.kill();
    await ended;
    await built.end();
    rmSync(folder, { recursive: true });
  }
}

function readKib(pid, name) {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** CPU time of all threads, milliseconds (/proc/PID/task/TID/schedstat, nanoseconds). */
function cpuOf(pid) {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
}
