// What the registry costs: loading it and answering for all 65,536 ports on four transports, over an empty process, and
// what one look-up allocates: `node test/bench/registry.mjs`. The three are interleaved, so that a machine that slows
// down slows all of them. The promise is at most 50 ms more than an empty process.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROUNDS = Number(process.env.ROUNDS ?? 25);
const PROMISED_MS = 50;
const folder = mkdtempSync(join(tmpdir(), 'portreeve-bench-'));

/** Bundles a program that has the registry as `registry`, as the command line has it. */
async function program(name, body) {
  const entry = join(folder, `${name}.ts`);
  const outfile = join(folder, `${name}.cjs`);
  const load = fileURLToPath(new URL('../../src/registry/load.ts', import.meta.url));
  writeFileSync(entry, `import { loadEmbeddedRegistry } from ${JSON.stringify(load)};\nconst registry = loadEmbeddedRegistry();\n${body}`);
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node20', format: 'cjs', loader: { '.facts': 'text' }, logLevel: 'warning' });
  return outfile;
}

const WALK = `
function walk() {
  let assigned = 0;
  for (const transport of ['tcp', 'udp', 'sctp', 'dccp'] as const) {
    for (let port = 0; port <= 65535; port += 1) if (registry.lookup(port, transport).status === 'assigned') assigned += 1;
  }
  return assigned;
}`;
// Jumps from block to block: a prime step visits every port once, no two neighbours one after the other.
const JUMP = `
function jump() {
  let assigned = 0;
  for (let step = 0, port = 0; step <= 65535; step += 1, port = (port + 40503) & 65535) {
    for (const transport of ['tcp', 'udp', 'sctp', 'dccp'] as const) if (registry.lookup(port, transport).status === 'assigned') assigned += 1;
  }
  return assigned;
}`;
const CHECK = (call) => `if (${call} !== 12381) throw new Error('not the registry of 2026-02-13');\n`;

const contenders = [
  ['node -e 0', ['-e', '0']],
  ['load, 262,144 look-ups in port order', [await program('walk', WALK + CHECK('walk()'))]],
  ['load, 262,144 look-ups in no order', [await program('jump', JUMP + CHECK('jump()'))]],
  ['load, one look-up', [await program('one', `if (registry.lookup(22, 'tcp').service !== 'ssh') throw new Error('not the registry');`)]],
];

const times = new Map(contenders.map(([name]) => [name, []]));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, args] of contenders) {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    // The first round warms the caches.
    if (round > 0) times.get(name).push(performance.now() - start);
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const empty = median(times.get('node -e 0'));
console.log(`medians of ${ROUNDS} interleaved rounds, Node ${process.version}`);
for (const [name, values] of times) {
  const over = median(values) - empty;
  console.log(`${name.padEnd(40)} ${median(values).toFixed(1).padStart(7)} ms  ${(over < 0 ? '-' : '+') + Math.abs(over).toFixed(1).padStart(6)} ms${over > PROMISED_MS ? `  MORE than ${PROMISED_MS}` : ''}`);
}

// Every block was parsed once before: from then on a look-up should leave nothing behind for the collector.
const allocation = await program(
  'allocation',
  `${WALK}${JUMP}
  for (const [name, run] of [['in port order', walk], ['in no order', jump]] as const) {
    for (let round = 0; round < 4; round += 1) run();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    run();
    const bytes = process.memoryUsage().heapUsed - before;
    console.log(\`allocated by a look-up \${name}:\`.padEnd(40) + (Math.max(bytes, 0) / 262144).toFixed(2).padStart(8) + ' bytes');
  }`,
);
// One young generation large enough that nothing is collected while it is measured.
process.stdout.write(spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=128', allocation], { encoding: 'utf8' }).stdout);
rmSync(folder, { recursive: true });
