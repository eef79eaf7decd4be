// What a look of the daemon costs beside one run of ss: nothing changed, one new listener, and many connections.
//   node test/bench/daemon-tick.mjs [--rounds N] [--json]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildLoad, measure, median, runInside } from './inside.mjs';
import { loadWatcher, startOpener, timed } from './watch.mjs';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '20' }, json: { type: 'boolean', default: false }, inside: { type: 'boolean', default: false } } });
const rounds = Number(options.rounds);
/** Looks that are measured as one: the clock of the CPU is coarse. */
const BATCH = 20;

if (options.inside) await benchAll();
else process.exitCode = await runInside(fileURLToPath(import.meta.url), ['--inside', ...process.argv.slice(2)]);

async function benchAll() {
  const open = await loadWatcher();
  const report = { rounds, node: process.version, rows: [...(await benchIdle(open)), ...(await benchNew(open))] };
  if (options.json) console.log(JSON.stringify(report, null, 2));
  else printTable(report);
}

/** Median CPU time of one look, milliseconds. */
async function cpuOfLooks(watcher) {
  const times = [];
  for (let round = 0; round <= rounds; round += 1) {
    const { cpu } = await timed(async () => {
      for (let each = 0; each < BATCH; each += 1) await watcher.look();
    });
    if (round > 0) times.push(cpu / BATCH);
  }
  return median(times);
}

async function benchIdle(open) {
  const without = await buildLoad({ listeners: 1_000, processes: 20, descriptors: 2_000, connections: 0, udp: 0 });
  const watcher = open();
  await watcher.sweep();
  await cpuOfLooks(watcher);
  // In turn, so that what else the machine does falls on both.
  const [looks, runs] = [[], []];
  for (let turn = 0; turn < 3; turn += 1) {
    looks.push(await cpuOfLooks(watcher));
    runs.push(median((await measure({ ss: ['ss', '-Htuln'] }, rounds)).ss.cpu));
  }
  const plain = median(looks);
  const more = await buildLoad({ listeners: 20, processes: 20, descriptors: 0, connections: 20_000, udp: 0 }, 40_000);
  await watcher.sweep();
  const connected = median([await cpuOfLooks(watcher), await cpuOfLooks(watcher), await cpuOfLooks(watcher)]);
  await more.end();
  // The same listeners without the connections.
  const bare = await buildLoad({ listeners: 20, processes: 20, descriptors: 0, connections: 0, udp: 0 }, 40_000);
  await watcher.sweep();
  const unconnected = median([await cpuOfLooks(watcher), await cpuOfLooks(watcher), await cpuOfLooks(watcher)]);
  await bare.end();
  watcher.close();
  await without.end();
  return [
    { work: 'a look, nothing changed, 1,000 listeners', cpuMs: plain, against: 'ss -Htuln', peerMs: median(runs), promise: 0.1 },
    { work: `a look, ${more.made.connections} more connections`, cpuMs: connected, against: 'the same without', peerMs: unconnected, promise: 1.1 },
  ];
}

async function benchNew(open) {
  const opener = await startOpener();
  const load = await buildLoad({ listeners: 1_000, processes: 500, descriptors: 20_000, connections: 5_000, udp: 50 });
  const watcher = open();
  await watcher.sweep();
  const measured = { 'by a process that an event named': [], 'by a new process': [], 'by an old process': [] };
  const owned = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const [kind, times] of Object.entries(measured)) {
      const who = kind === 'by a new process' ? await startOpener() : opener;
      await who.say('open 30000');
      const { result: look, cpu } = await timed(() => watcher.look(kind === 'by a process that an event named' ? { pids: [who.pid] } : {}));
      if (round > 0) times.push(cpu);
      owned.push(look.appeared.length === 1 && look.appeared[0].owners[0]?.pid === who.pid);
      await who.say('close');
      if (who !== opener) await who.end();
      await watcher.look();
    }
  }
  if (owned.includes(false)) console.log(`owners missed: ${owned.filter((each) => !each).length} of ${owned.length}`);
  const peer = median((await measure({ ss: ['ss', '-Htulnp'] }, rounds)).ss.cpu);
  watcher.close();
  await load.end();
  await opener.end();
  return Object.entries(measured).map(([kind, times]) => ({ work: `a look, one new listener ${kind}, server load`, cpuMs: median(times), against: 'ss -Htulnp', peerMs: peer, promise: 0.1 }));
}

function printTable({ rows, node }) {
  console.log(`medians of ${rounds} rounds, CPU time, Node ${node}`);
  for (const { work, cpuMs, against, peerMs, promise } of rows) {
    const ratio = cpuMs / peerMs;
    console.log(`${work.padEnd(72)} ${cpuMs.toFixed(2).padStart(7)} ms  ${ratio.toFixed(3).padStart(6)} x ${against.padEnd(16)} (${peerMs.toFixed(2)} ms; promised ${promise}${ratio > promise ? ', MISSED' : ''})`);
  }
}
