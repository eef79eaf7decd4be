// What the running daemon takes: resident memory at server load, and CPU time of an idle minute in which ss runs every second.
//   node test/bench/daemon.mjs [--seconds N] [--json]
// Ends with 1 where a promise is missed, and with 3 where the minute was not idle: the kernel tells of the listeners of all
// namespaces of a machine, and each of them wakes the daemon.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLoad, LOADS, measure, runInside } from './inside.mjs';

const { values: options } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, json: { type: 'boolean', default: false }, inside: { type: 'boolean', default: false } } });
const seconds = Number(options.seconds);
const PROGRAM = fileURLToPath(new URL('../../dist/bin/portreeve.cjs', import.meta.url));
const STEADY = { listeners: 1_000, processes: 20, descriptors: 2_000, connections: 0, udp: 0 };
/** From the start until the first two sweeps are over, and V8 has given back what start-up and alerts needed. Milliseconds. */
const WARM = 30_000;
const PROMISED = { residentMib: 75, ratio: 0.1 };

if (options.inside) await benchAll();
else process.exitCode = await runInside(fileURLToPath(import.meta.url), ['--inside', ...process.argv.slice(2)]);

async function benchAll() {
  const server = await withDaemon(LOADS.server, async (pid) => {
    await pause(seconds * 500);
    return { resident: readKib(pid, 'VmRSS') / 1024, peak: readKib(pid, 'VmHWM') / 1024 };
  });
  const idle = await withDaemon(STEADY, async (pid) => {
    const events = countEvents();
    const before = cpuOf(pid);
    // In the same minute, so that what else the machine does falls on both.
    const { ss } = await measure({ ss: ['ss', '-Htuln'] }, seconds, 1);
    const daemonMs = cpuOf(pid) - before;
    const ssMs = ss.cpu.reduce((sum, ms) => sum + ms, 0);
    return { daemonMs, ssMs, ratio: daemonMs / ssMs, events: events.end() };
  });
  const isMissed = { resident: server.resident > PROMISED.residentMib, ratio: idle.ratio > PROMISED.ratio };
  if (options.json) console.log(JSON.stringify({ seconds, node: process.version, server, idle, isMissed }, null, 2));
  else {
    const told = (missed) => (missed ? ', MISSED' : '');
    console.log(`resident memory at server load: ${server.resident.toFixed(0)} MiB, at most ${server.peak.toFixed(0)} (promised ${PROMISED.residentMib}${told(isMissed.resident)})`);
    console.log(`${seconds} s idle, 1,000 listeners: ${idle.daemonMs.toFixed(0)} ms of CPU, ${idle.ratio.toFixed(3)} x ss -Htuln every second (${idle.ssMs.toFixed(0)} ms; promised ${PROMISED.ratio}${told(isMissed.ratio)})`);
    if (idle.events > 0) console.log(`not idle: the kernel told of ${idle.events} openings and closings elsewhere on this machine`);
  }
  process.exitCode = isMissed.resident || (isMissed.ratio && !(idle.events > 0)) ? 1 : idle.events > 0 ? 3 : 0;
}

/** Counts the listeners that open and close anywhere on the machine, in an instance of tracefs of its own; null where there is none. */
function countEvents() {
  const instance = '/sys/kernel/tracing/instances/bench-of-portreeve';
  try {
    mkdirSync(instance);
    writeFileSync(join(instance, 'events/sock/inet_sock_set_state/filter'), 'newstate==10||oldstate==10');
    writeFileSync(join(instance, 'events/sock/inet_sock_set_state/enable'), '1');
  } catch {
    return { end: () => null };
  }
  return {
    end() {
      const stats = readdirSync(join(instance, 'per_cpu')).map((cpu) => readFileSync(join(instance, 'per_cpu', cpu, 'stats'), 'utf8'));
      rmdirSync(instance);
      return stats.flatMap((text) => [...text.matchAll(/^(?:entries|overrun): (\d+)$/gm)]).reduce((sum, [, count]) => sum + Number(count), 0);
    },
  };
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
