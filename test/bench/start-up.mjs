// What one `audit --now` costs over an empty process, and beside its peers, in one run: `npm run bench`.
// Rounds are interleaved, so that a machine that slows down slows all of them.
import { spawnSync } from 'node:child_process';

const ROUNDS = Number(process.env.ROUNDS ?? 25);
const bundle = new URL('../../dist/bin/portreeve.cjs', import.meta.url).pathname;
const contenders = [
  ['node -e 0', process.execPath, ['-e', '0']],
  ['portreeve audit --now', process.execPath, [bundle, 'audit', '--now']],
  ['portreeve audit --now --source procfs', process.execPath, [bundle, 'audit', '--now', '--source', 'procfs']],
  ['ss -Htulnp', 'ss', ['-Htulnp']],
  ['lsof -nP -i', 'lsof', ['-nP', '-i']],
].filter(([, command]) => spawnSync(command, ['--version']).error === undefined);

const times = new Map(contenders.map(([name]) => [name, []]));
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const [name, command, args] of contenders) {
    const start = performance.now();
    spawnSync(command, args, { stdio: 'ignore' });
    // The first round warms the caches.
    if (round > 0) times.get(name).push(performance.now() - start);
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const empty = median(times.get('node -e 0'));
console.log(`medians of ${ROUNDS} interleaved rounds, Node ${process.version}`);
for (const [name, values] of times) {
  const ms = median(values);
  const over = ms - empty;
  console.log(`${name.padEnd(40)} ${ms.toFixed(1).padStart(7)} ms  ${(over < 0 ? '-' : '+') + Math.abs(over).toFixed(1).padStart(6)} ms  ${(ms / empty).toFixed(2)} x node -e 0`);
}
