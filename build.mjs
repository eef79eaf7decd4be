// Bundles the command line into one CommonJS file: one file to read is what makes a one-off start fast.
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: { portreeve: 'src/cli/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // koffi ships its own binary; systeminformation is loaded only where nothing better exists.
  external: ['koffi', 'systeminformation'],
  loader: { '.facts': 'text' },
  define: { 'import.meta.url': '__bundleUrl' },
  banner: { js: '#!/usr/bin/env node\nconst __bundleUrl = require("node:url").pathToFileURL(__filename).href;' },
  legalComments: 'none',
  logLevel: 'warning',
});
await chmod('dist/portreeve.cjs', 0o755);
