// What one audit and one look of the daemon cost beside what people use now, in one run, on a load that it builds itself in
// namespaces of its own. Prints one table for each load, as `npm run bench` does:
//   node test/bench/side-by-side.mjs [--load small,server,heavy] [--rounds N] [--json]
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { buildLoad, describeMachine, LOADS, measure, median, PYTHON, runInside } from './inside.mjs';
import { loadWatcher, startOpener, timed } from './watch.mjs';

const { values: options } = parseArgs({
  options: { load: { type: 'string', default: 'small,server' }, rounds: { type: 'string', default: '10' }, json: { type: 'boolean', default: false }, inside: { type: 'boolean', default: false } },
});
const rounds = Number(options.rounds);
const loads = options.load.split(',');

const program = fileURLToPath(new URL('../../dist/bin/portreeve.cjs', import.meta.url));
const systeminformation = createRequire(import.meta.url).resolve('systeminformation');
const OURS = 'portreeve (netlink)';
const COMMANDS = {
  'node -e 0': [process.execPath, '-e', '0'],
  [OURS]: [process.execPath, program, 'audit', '--now'],
  'portreeve (procfs)': [process.execPath, program, 'audit', '--now', '--source', 'procfs'],
  'ss -Htulnp': ['ss', '-Htulnp'],
  'ss -Htuln': ['ss', '-Htuln'],
  'netstat -tulpn': ['netstat', '-tulpn'],
  'lsof -nP -i': ['lsof', '-nP', '-i'],
  'psutil': [PYTHON, '-c', 'import psutil\nfor c in psutil.net_connections("inet"):\n  if c.status in ("LISTEN", "NONE") and c.pid: psutil.Process(c.pid).name()'],
  'systeminformation': [process.execPath, '-e', `require(${JSON.stringify(systeminformation)}).networkConnections().then(() => {})`],
};
/** What is promised of the wall clock, by load: at most so many times the other's, or so many milliseconds more. */
const PROMISES = {
  small: { 'node -e 0': { more: 45 } },
  server: { 'ss -Htulnp': { times: 1 }, 'lsof -nP -i': { times: 0.4 }, 'netstat -tulpn': { times: 0.8 }, 'psutil': { times: 0.5 }, 'systeminformation': { times: 0.5 } },
};
/** What does the same as a look of the daemon, and what is promised: at most this part of its CPU time, at the server's load. */
const LOOKS = { 'a look, nothing changed': 'ss -Htuln', 'a look, one new listener': 'ss -Htulnp' };
const LOOK_PROMISE = { server: { times: 0.1 } };
/** Looks that are measured as one: the clock of the CPU is coarse. */
const BATCH = 20;

if (!options.inside && loads.some((name) => LOADS[name] === undefined)) {
  console.error(`--load is a list of ${Object.keys(LOADS).join(', ')}`);
  process.exitCode = 2;
} else if (options.inside) await benchAll();
else process.exitCode = await runInside(fileURLToPath(import.meta.url), ['--inside', ...process.argv.slice(2)]);

/** The commands that this machine has, and the names of those that it lacks. */
function findCommands() {
  const isThere = (name, [command]) =>
    name === 'psutil' ? spawnSync(command, ['-c', 'import psutil'], { stdio: 'ignore' }).status === 0 : spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
  const present = Object.entries(COMMANDS).filter(([name, command]) => isThere(name, command));
  return { commands: Object.fromEntries(present), missing: Object.keys(COMMANDS).filter((name) => !present.some(([there]) => there === name)) };
}

async function benchAll() {
  const { commands, missing } = findCommands();
  const openWatcher = await loadWatcher();
  const report = { ...describeMachine(), rounds, missing, loads: {} };
  for (const name of loads) {
    const opener = await startOpener();
    const load = await buildLoad(LOADS[name]);
    const measured = await measure(commands, rounds);
    const looks = await measureLooks(openWatcher, opener);
    await load.end();
    await opener.end();
    const contenders = Object.fromEntries(Object.entries(measured).map(([command, { wall, cpu, rss, codes }]) => [command, { wallMs: median(wall), cpuMs: median(cpu), peakKiB: median(rss), codes: [...new Set(codes)] }]));
    report.loads[name] = { wanted: LOADS[name], made: load.made, contenders, looks };
    if (!options.json) printTable(name, report.loads[name]);
  }
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else {
    console.log(`\n${report.machine.cpu}, ${report.machine.cores} cores, Linux ${report.machine.kernel}, Node ${report.machine.node}, load average ${report.machine.loadAverage} at the start`);
    if (missing.length > 0) console.log(`not here, and so not compared: ${missing.join(', ')}`);
  }
}

/** Medians of a look of the daemon at this load, in milliseconds: with nothing changed, and with a new listener of an old process. */
async function measureLooks(openWatcher, opener) {
  const watcher = openWatcher();
  await watcher.sweep();
  const [idle, change] = [[], []];
  // The port below those of the load: the ones above are taken by connections.
  for (let round = 0; round <= rounds; round += 1) {
    const still = await timed(async () => {
      for (let each = 0; each < BATCH; each += 1) await watcher.look();
    });
    await opener.say('open 1999');
    const opened = await timed(() => watcher.look());
    if (opened.result.appeared[0]?.owners[0]?.pid !== opener.pid) throw new Error('the look missed the new listener, or its owner');
    await opener.say('close');
    await watcher.look();
    // The first round fills the caches.
    if (round === 0) continue;
    idle.push({ wall: still.wall / BATCH, cpu: still.cpu / BATCH });
    change.push(opened);
  }
  watcher.close();
  const inShort = (times) => ({ wallMs: median(times.map(({ wall }) => wall)), cpuMs: median(times.map(({ cpu }) => cpu)) });
  return { 'a look, nothing changed': inShort(idle), 'a look, one new listener': inShort(change) };
}

function printTable(name, { made, contenders, looks }) {
  const ours = contenders[OURS];
  console.log(`\n${name}: ${made.listeners} listeners, ${made.udp} UDP sockets, ${made.connections} connections, ${made.descriptors} descriptors, ${made.processes} processes${made.failed === null ? '' : ` (stopped by: ${made.failed})`}; medians of ${rounds} rounds in turn`);
  console.log(`${''.padEnd(26)}${'wall ms'.padStart(10)}${'CPU ms'.padStart(10)}${'peak MiB'.padStart(10)}   ${OURS} is`);
  for (const [command, { wallMs, cpuMs, peakKiB }] of Object.entries(contenders)) {
    const promise = PROMISES[name]?.[command] ?? (command === 'node -e 0' ? { more: Infinity } : {});
    console.log(`${command.padEnd(26)}${wallMs.toFixed(1).padStart(10)}${cpuMs.toFixed(1).padStart(10)}${(peakKiB / 1024).toFixed(1).padStart(10)}   ${compare(ours.wallMs, wallMs, promise)}`);
  }
  for (const [look, { wallMs, cpuMs }] of Object.entries(looks)) {
    const peer = contenders[LOOKS[look]];
    console.log(`${look.padEnd(26)}${wallMs.toFixed(2).padStart(10)}${cpuMs.toFixed(2).padStart(10)}${''.padStart(10)}   ${peer === undefined ? '' : `CPU ${compare(cpuMs, peer.cpuMs, LOOK_PROMISE[name] ?? {})} of ${LOOKS[look]}`}`);
  }
}

function compare(ours, theirs, { times = Infinity, more }) {
  const [value, most, text] = more === undefined ? [ours / theirs, times, `${(ours / theirs).toFixed(3)} x`] : [ours - theirs, more, `+${(ours - theirs).toFixed(1)} ms`];
  return most === Infinity ? text : `${text} (at most ${most}: ${value <= most ? 'kept' : 'NOT kept'})`;
}
