// How the cost of one audit grows with each thing that a host can have more of, the others held still:
//   node test/bench/growth.mjs [--rounds N] [--json] [--axis listeners,rules]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { buildLoad, describeMachine, measure, median, runInside } from './inside.mjs';

const { values: options } = parseArgs({
  options: { axis: { type: 'string' }, rounds: { type: 'string', default: '7' }, json: { type: 'boolean', default: false }, inside: { type: 'boolean', default: false } },
});

const program = fileURLToPath(new URL('../../dist/bin/portreeve.cjs', import.meta.url));
const STILL = { listeners: 100, processes: 100, descriptors: 2_000, connections: 0, udp: 0, rules: 0 };
/** A connection within the host brings two descriptors: there are as many in all, whatever they lead to. */
const DESCRIPTORS_WITH_CONNECTIONS = 45_000;
const AXES = {
  listeners: [100, 500, 1_000, 2_000, 4_000],
  processes: [100, 250, 500, 1_000, 1_500],
  descriptors: [2_000, 10_000, 20_000, 40_000, 80_000],
  connections: [0, 2_500, 5_000, 10_000, 20_000],
  rules: [0, 250, 500, 1_000, 2_000],
};

if (options.inside) await grow();
else process.exitCode = await runInside(fileURLToPath(import.meta.url), ['--inside', ...process.argv.slice(2)]);

async function grow() {
  const report = { ...describeMachine(), rounds: Number(options.rounds), still: STILL, axes: {} };
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-growth-'));
  for (const [axis, steps] of Object.entries(AXES)) {
    if (options.axis !== undefined && !options.axis.split(',').includes(axis)) continue;
    report.axes[axis] = [];
    for (const step of steps) {
      const { rules, ...load } = { ...STILL, ...(axis === 'connections' ? { descriptors: DESCRIPTORS_WITH_CONNECTIONS } : {}), [axis]: step };
      const built = await buildLoad(load);
      const measured = await measure({ 'node -e 0': [process.execPath, '-e', '0'], 'portreeve': [process.execPath, program, 'audit', '--now', ...writeRules(folder, rules)], 'ss -Htulnp': ['ss', '-Htulnp'] }, Number(options.rounds));
      await built.end();
      const point = { [axis]: step, made: built.made, ...Object.fromEntries(Object.entries(measured).map(([name, { wall, rss }]) => [name, { wallMs: median(wall), peakKiB: median(rss) }])) };
      report.axes[axis].push(point);
      if (!options.json) console.log(`${axis.padEnd(12)}${String(step).padStart(8)}   ${Object.keys(measured).map((name) => `${name} ${point[name].wallMs.toFixed(0)} ms`).join('   ')}${built.made.failed === null ? '' : `   (stopped by: ${built.made.failed})`}`);
    }
  }
  rmSync(folder, { recursive: true });
  if (options.json) console.log(JSON.stringify(report, null, 2));
}

function writeRules(folder, count) {
  if (count === 0) return [];
  const file = join(folder, `${count}.yaml`);
  const rules = Array.from({ length: count }, (_, index) => `  - id: bench-${index}\n    title: Bench ${index}\n    match: { exe: '/opt/bench/${index}/*', scope: wildcard, port: ${1 + index} }\n    severity: info\n`);
  writeFileSync(file, `version: 1\nrules:\n${rules.join('')}`);
  return ['--rules', file];
}
