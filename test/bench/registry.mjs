// What the registry costs: loading it and answering for all 65,536 ports on four transports, over an empty process, and
// what one look-up allocates: `node test/bench/registry.mjs`. All are interleaved, so that a machine that slows down slows
// all of them. Ends with 1 where a promise is not kept: at most 50 ms more than an empty process, and nothing allocated.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import './let-reader-leave.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 25);
const PROMISED_MS = 50;
/** Nothing, and what the loop itself leaves behind. The smallest object has 16. */
const PROMISED_BYTES = 2;
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

// An empty file, started as the others are.
const nothing = join(folder, 'nothing.cjs');
writeFileSync(nothing, '');

const EMPTY = 'an empty process';
const contenders = [
  [EMPTY, [nothing]],
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
const missed = [];
const empty = median(times.get(EMPTY));
console.log(`medians of ${ROUNDS} interleaved rounds, Node ${process.version}`);
for (const [name, values] of times) {
  const over = median(values) - empty;
  if (over > PROMISED_MS) missed.push(`${name}: ${over.toFixed(1)} ms where ${PROMISED_MS} are promised`);
  console.log(`${name.padEnd(40)} ${median(values).toFixed(1).padStart(7)} ms  ${(over < 0 ? '-' : '+') + Math.abs(over).toFixed(1).padStart(6)} ms`);
}

// Every block was parsed once before: from then on a look-up should leave nothing behind for the collector.
const allocation = await program(
  'allocation',
  `${WALK}${JUMP}
  for (const [name, run] of [['in port order', walk], ['in no order', jump]] as const) {
    for (let round = 0; round < 20; round += 1) run();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    run();
    const bytes = process.memoryUsage().heapUsed - before;
    console.log(JSON.stringify([name, Math.max(bytes, 0) / 262144]));
  }`,
);
// One young generation large enough that nothing is collected while it is measured.
const { stdout } = spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=128', '--min-semi-space-size=128', allocation], { encoding: 'utf8' });
for (const line of stdout.trim().split('\n')) {
  const [name, bytes] = JSON.parse(line);
  if (bytes > PROMISED_BYTES) missed.push(`a look-up ${name} allocates ${bytes.toFixed(2)} bytes`);
  console.log(`allocated by a look-up ${name}:`.padEnd(40) + bytes.toFixed(2).padStart(8) + ' bytes');
}
rmSync(folder, { recursive: true });
for (const each of missed) console.error(`MISSED: ${each}`);
if (missed.length > 0) process.exitCode = 1;
