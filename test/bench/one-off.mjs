// What one audit costs beside what people use now, in one run, on a load that it builds itself in namespaces of its own:
//   node test/bench/one-off.mjs [--load small,server,heavy] [--rounds N] [--json]
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { buildLoad, LOADS, measure, median, PYTHON, runInside } from './inside.mjs';

const { values: options } = parseArgs({
  options: { load: { type: 'string', default: 'small,server' }, rounds: { type: 'string', default: '10' }, json: { type: 'boolean', default: false }, inside: { type: 'boolean', default: false } },
});

const program = fileURLToPath(new URL('../../dist/bin/portreeve.cjs', import.meta.url));
const systeminformation = createRequire(import.meta.url).resolve('systeminformation');
const COMMANDS = {
  'node -e 0': [process.execPath, '-e', '0'],
  'portreeve (netlink)': [process.execPath, program, 'audit', '--now'],
  'portreeve (procfs)': [process.execPath, program, 'audit', '--now', '--source', 'procfs'],
  'ss -Htulnp': ['ss', '-Htulnp'],
  'ss -Htuln': ['ss', '-Htuln'],
  'netstat -tulpn': ['netstat', '-tulpn'],
  'lsof -nP -i': ['lsof', '-nP', '-i'],
  'psutil': [PYTHON, '-c', 'import psutil\nfor c in psutil.net_connections("inet"):\n  if c.status in ("LISTEN", "NONE") and c.pid: psutil.Process(c.pid).name()'],
  'systeminformation': [process.execPath, '-e', `require(${JSON.stringify(systeminformation)}).networkConnections().then(() => {})`],
};
/** What a ratio must not exceed, by load: the promise, and what it is a ratio to. */
const PROMISES = {
  server: { 'ss -Htulnp': 1, 'lsof -nP -i': 0.4, 'netstat -tulpn': 0.8, 'psutil': 0.5, 'systeminformation': 0.5 },
};

if (options.inside) await benchAll();
else process.exitCode = await runInside(fileURLToPath(import.meta.url), ['--inside', ...process.argv.slice(2)]);

function available() {
  const missing = [];
  const present = Object.entries(COMMANDS).filter(([name, [command, ...args]]) => {
    const there = name === 'psutil' ? spawnSync(command, ['-c', 'import psutil']).status === 0 : spawnSync(command, args.slice(0, 0).concat('--version'), { stdio: 'ignore' }).error === undefined;
    if (!there) missing.push(name);
    return there;
  });
  return { commands: Object.fromEntries(present), missing };
}

async function benchAll() {
  const { commands, missing } = available();
  const rounds = Number(options.rounds);
  const report = { machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, kernel: release(), node: process.version }, date: new Date().toISOString().slice(0, 10), rounds, missing, loads: {} };
  for (const name of options.load.split(',')) {
    const load = await buildLoad(LOADS[name]);
    const measured = await measure(commands, rounds);
    await load.end();
    const contenders = Object.fromEntries(Object.entries(measured).map(([command, { wall, cpu, rss, codes }]) => [command, { wallMs: median(wall), cpuMs: median(cpu), peakKiB: median(rss), codes: [...new Set(codes)] }]));
    report.loads[name] = { wanted: LOADS[name], made: load.made, contenders };
    if (!options.json) printTable(name, report.loads[name], PROMISES[name] ?? {});
  }
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else if (missing.length > 0) console.log(`\nnot here, and so not compared: ${missing.join(', ')}`);
}

function printTable(name, { made, contenders }, promises) {
  const ours = contenders['portreeve (netlink)'];
  console.log(`\n${name}: ${made.listeners} listeners, ${made.udp} UDP sockets, ${made.connections} connections, ${made.descriptors} descriptors, ${made.processes} processes${made.failed === null ? '' : ` (stopped by: ${made.failed})`}; medians of ${options.rounds} rounds in turn`);
  console.log(`${''.padEnd(22)}${'wall ms'.padStart(10)}${'CPU ms'.padStart(10)}${'peak MiB'.padStart(10)}   portreeve is`);
  for (const [command, { wallMs, cpuMs, peakKiB }] of Object.entries(contenders)) {
    const ratio = command === 'node -e 0' ? `+${(ours.wallMs - wallMs).toFixed(0)} ms` : `${(ours.wallMs / wallMs).toFixed(2)} x`;
    const promise = promises[command];
    const verdict = promise === undefined ? '' : `   (at most ${promise}: ${ours.wallMs / wallMs <= promise ? 'kept' : 'NOT kept'})`;
    console.log(`${command.padEnd(22)}${wallMs.toFixed(1).padStart(10)}${cpuMs.toFixed(1).padStart(10)}${(peakKiB / 1024).toFixed(1).padStart(10)}   ${ratio}${verdict}`);
  }
}
