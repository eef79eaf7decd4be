// How long a policy takes: 1,000 listeners against 500 rules and against the shipped packs, and checking 5,000 rules or exceptions.
// Prints medians. Builds what it measures from the sources; needs nothing but `npm install`.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import './let-reader-leave.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const RUNS = 15;

const folder = await mkdtemp(join(ROOT, 'node_modules/.bench-'));
try {
  const { loadPolicy, checkPolicyFiles, evaluateListener } = await bundle();
  const options = { today: '2026-02-20', now: () => new Date('2026-02-20T12:00:00Z') };

  const synthetic = join(folder, 'rules.yaml');
  await writeFile(synthetic, makeRules(500));
  for (const [name, path] of [['500 rules', synthetic], ['the shipped packs', join(ROOT, 'rules')]]) {
    const loaded = () => loadPolicy([path], options);
    const judge = ({ policy, listeners }) => listeners.map((listener) => evaluateListener(listener, policy));
    // A one-off audit pays for preparing what it needs and meets each executable for the first time; a daemon does not.
    await report(`1,000 listeners against ${name}, first time`, async (run) => ({ policy: await loaded(), listeners: makeListeners(1000, run) }), judge);
    const known = { policy: await loaded(), listeners: makeListeners(1000, 0) };
    await report(`1,000 listeners against ${name}, again`, () => known, judge);
  }
  const large = join(folder, 'large.yaml');
  await writeFile(large, makeRules(5000));
  await report('policy check of 5,000 rules', () => null, () => checkPolicyFiles([large], options), 5);
  const exceptions = join(folder, 'exceptions.yaml');
  await writeFile(exceptions, makeExceptions(5000));
  await report('policy check of 5,000 exceptions that could overlap', () => null, () => checkPolicyFiles([exceptions], options), 5);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function bundle() {
  const entry = join(folder, 'entry.mjs');
  const from = (path) => JSON.stringify(join(ROOT, 'src', path));
  await writeFile(
    entry,
    `export { loadPolicy } from ${from('policy/load-policy.ts')};
export { checkPolicyFiles } from ${from('policy/check-policy.ts')};
export { evaluateListener } from ${from('findings/evaluate.ts')};`,
  );
  const outfile = join(folder, 'policy.mjs');
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', target: 'node20', format: 'esm', external: ['yaml'], logLevel: 'warning' });
  return import(pathToFileURL(outfile).href);
}

async function report(what, prepare, run, runs = RUNS) {
  const times = [];
  for (let index = 0; index < runs; index++) {
    const prepared = await prepare(index);
    const started = performance.now();
    await run(prepared);
    times.push(performance.now() - started);
  }
  times.sort((left, right) => left - right);
  console.log(`${what}: ${(times[Math.floor(times.length / 2)] ?? 0).toFixed(1)} ms`);
}

/** As a site would write them: most about one service and its port, some about states, places and users. */
function makeRules(count) {
  const rules = Array.from({ length: count }, (_, index) => {
    const port = 1 + ((index * 37) % 40_000);
    const match = [
      `{ port: ${port}, protocol: tcp, not: { exe: ['/usr/sbin/server${index}', '**/other-{a,b}${index}'] } }`,
      `{ port: [${port}, ${port + 1}, ${port + 10}-${port + 20}], scope: [wildcard, public], container: false }`,
      `{ service: service-${index}, not: { user: [svc${index}, root] } }`,
      `{ port: ${port}, any: [{ exe: '/opt/**/bin/*${index}' }, { unit: 'app-${index}@*.service' }] }`,
      `{ status: unassigned, port: ${port}, not: { address: 10.${index % 256}.0.0/16 } }`,
      index % 50 === 5 ? `{ exe: ['/tmp/**', '/var/tmp/**', '/**/.*/**${index}'], scope: wildcard }` : `{ port: ${port}, user: user${index}, uid: ${1000 + index} }`,
    ][index % 6];
    return `  - id: rule-${index}\n    title: Rule number ${index}\n    severity: warning\n    match: ${match}\n    advice: Look at it.\n`;
  });
  return `version: 1\nrules:\n${rules.join('')}`;
}

/** Without single ports, so that each has to be compared with many others. */
function makeExceptions(count) {
  const listed = Array.from({ length: count }, (_, index) => {
    const match = [
      `{ user: svc, address: [10.${index % 200}.${index >> 8}.0/24, '2001:db8:${index}::/48'] }`,
      `{ user: svc, any: [{ exe: /opt/vendor/server${index} }, { unit: 'app-${index}@*.service' }] }`,
      `{ user: svc, exe: ['/opt/*/server${index}', '/srv/**/{a,b}${index}'] }`,
    ][index % 3];
    return `  - { id: exception-${index}, rules: [rule-0], reason: Known, match: ${match} }\n`;
  });
  return `${makeRules(1)}exceptions:\n${listed.join('')}`;
}

/** A busy host: 500 executables, ports near those of the rules, most on every address. */
function makeListeners(count, run) {
  return Array.from({ length: count }, (_, index) => {
    const port = 1 + ((index * 71) % 40_000);
    return {
      id: `l${index}`, protocol: index % 5 === 0 ? 'udp' : 'tcp', family: 'ipv4', address: index % 4 === 0 ? '127.0.0.1' : index % 4 === 1 ? `10.0.${index % 200}.7` : '0.0.0.0',
      port, ipProtocol: null, scope: ['loopback', 'private', 'wildcard', 'wildcard'][index % 4], interface: null, dualStack: false, sockets: 1, netns: { inode: 1, name: 'host' },
      ephemeral: port >= 32768, socketUid: 1000, socketUser: 'app', ownerKind: 'process', ownerNote: null, activation: null,
      owners: [{
        pid: 1000 + index, name: `app${index}`, exe: `/opt/vendor/app-${run}-${index % 500}/lib/x86_64/bin/server${index % 500}`, exeDeleted: false, exeReplaced: false, commandLine: null,
        uid: 1000 + (index % 40), user: `user${index % 40}`, unit: `app-${index % 500}@1.service`, container: index % 3 === 0 ? 'a'.repeat(64) : null, startedAt: '2026-02-01T00:00:00Z',
      }],
      registry: { status: index % 2 === 0 ? 'assigned' : 'unassigned', range: port < 1024 ? 'system' : 'user', service: index % 2 === 0 ? `service-${index}` : null, aliases: [], since: null, former: null },
    };
  });
}
