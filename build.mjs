// Bundles the command line into one CommonJS file, and `audit` into another (little to read is what makes a one-off start
// fast), leaves both behind compiled too, and the shipped packs as JSON, so that a start need neither compile nor parse YAML.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as promises from 'node:fs/promises';
import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const shared = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  // koffi ships its own binary; pino, systeminformation and yaml are loaded only where they are needed.
  external: ['koffi', 'pino', 'systeminformation', 'yaml'],
  loader: { '.facts': 'text' },
  legalComments: 'none',
  logLevel: 'warning',
};

// What stands for a built-in module that costs a start more than it uses of it.
const LIGHTER = {
  // commander can run subcommands as programs of their own, which portreeve never does: 5 ms.
  'node:child_process': { onlyIn: '/commander/', contents: 'module.exports = {};' },
  // node:fs has the same functions and loads them when they are asked for, which most starts never do: 1.2 ms.
  'node:fs/promises': {
    contents: ["import fs from 'node:fs';", 'export const constants = fs.constants;', ...Object.keys(promises).filter((name) => !['constants', 'default'].includes(name)).map((name) => `export const ${name} = (...args) => fs.promises.${name}(...args);`)].join('\n'),
  },
  // The program is given a require of its own: 0.3 ms.
  'node:module': { contents: 'export const createRequire = () => require;' },
};

const lighterBuiltins = {
  name: 'lighter-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, importer }) => (Object.hasOwn(LIGHTER, path) && importer.includes(LIGHTER[path].onlyIn ?? '') ? { path, namespace: 'lighter' } : undefined));
    onLoad({ filter: /.*/, namespace: 'lighter' }, ({ path }) => ({ contents: LIGHTER[path].contents }));
  },
};

await rm('dist', { recursive: true, force: true });
for (const [source, outfile] of [['src/cli/main.ts', 'dist/bin/program.cjs'], ['src/cli/main-audit.ts', 'dist/bin/audit.cjs']]) {
  await bundle(source, outfile, {
    plugins: [lighterBuiltins],
    // The launcher runs it as a script, which has require and no import.
    supported: { 'dynamic-import': false },
    define: { 'import.meta.url': '__bundleUrl' },
    banner: { js: 'const __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
}
await bundle('src/cli/launch.ts', 'dist/bin/portreeve.cjs', { define: { LEAVE_COMPILED: 'false' }, banner: { js: '#!/usr/bin/env node' } });
await chmod('dist/bin/portreeve.cjs', 0o755);
await preparePacks('rules', 'dist/rules.json');
await writeSchema('src/pass/policy-schema.ts', 'policySchemaText', 'dist/policy.schema.json');
await writeSchema('src/pass/config-schema.ts', 'configSchemaText', 'dist/config.schema.json');
await leaveCompiled('dist/bin/compile.cjs');

function bundle(source, outfile, options) {
  return build({ ...shared, entryPoints: [source], outfile, format: 'cjs', ...options });
}

/**
 * Runs both programs, so that V8 has compiled what a start needs. Without the result a start is slower, no more. With
 * a listener that the rules have something to say of, so that the code for findings and advice is among it; and `audit` twice,
 * for what it finds compiled it leaves behind again: the way through BPF is taken where the build may, and then that through /proc.
 */
async function leaveCompiled(launcher) {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  await bundle('src/cli/launch.ts', launcher, { define: { LEAVE_COMPILED: 'true' } });
  for (const args of process.platform === 'linux' ? [['explain', '22/tcp'], ['audit', '--now', '--owners', 'bpf'], ['audit', '--now', '--owners', 'proc']] : [['--version'], ['audit', '--help']]) {
    spawnSync(process.execPath, [launcher, ...args], { stdio: 'ignore', timeout: 30_000 });
  }
  listener.close();
  await rm(launcher);
}

/** Writes what `readShippedPacks` of src/pass/policy.ts reads. */
async function preparePacks(folder, target) {
  const loader = 'dist/load-policy.mjs';
  await build({ ...shared, entryPoints: ['src/policy/load-policy.ts'], outfile: loader, format: 'esm' });
  const { loadPolicyDocuments } = await import(pathToFileURL(loader).href);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml') && !name.endsWith('.test.yaml'));
  const { documents } = await loadPolicyDocuments(names.map((name) => join(folder, name)));
  const packs = documents.map(async (document) => ({ name: basename(document.file), text: await readFile(document.file, 'utf8'), document }));
  await writeFile(target, JSON.stringify(await Promise.all(packs)));
  await rm(loader);
}

/** The schema of a kind of file, made from what validates it, at a path that an editor can be pointed to. */
async function writeSchema(source, name, target) {
  const module = 'dist/schema.mjs';
  await build({ ...shared, entryPoints: [source], outfile: module, format: 'esm' });
  const made = await import(`${pathToFileURL(module).href}?${name}`);
  await writeFile(target, made[name]());
  await rm(module);
}
