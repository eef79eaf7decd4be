import { execFile } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { deserialize } from 'node:v8';
import type { PortablePlatform } from '../../../src/sources/portable/portable-platform.ts';

const FIXTURES = new URL('../../fixtures/portable/', import.meta.url);
/** What the library's command lines need beside the command that is recorded. */
const TOOLS = ['sh', 'grep', 'head', 'cat'];

/** Which recorded output each command gives; a command without one is missing on that host. */
export type Recordings = Partial<Record<'netstat' | 'ss' | 'ps', string>>;

/**
 * Rows that the real systeminformation makes of recorded outputs: it runs in a Node process that takes itself for
 * `platform`, where the only commands on the PATH are the recordings and the tools above.
 */
export async function runLibrary(platform: PortablePlatform, recordings: Recordings): Promise<unknown[]> {
  const bin = mkdtempSync(join(tmpdir(), 'portable-'));
  try {
    for (const tool of TOOLS) symlinkSync(findTool(tool), join(bin, tool));
    for (const [command, fixture] of Object.entries(recordings)) {
      const path = new URL(fixture, FIXTURES).pathname;
      readFileSync(path);
      writeFileSync(join(bin, command), `#!${findTool('sh')}\nexec cat '${path}'\n`, { mode: 0o755 });
    }
    const script = `
      Object.defineProperty(process, 'platform', { value: ${JSON.stringify(platform)} });
      const { networkConnections } = require(${JSON.stringify(createRequire(import.meta.url).resolve('systeminformation'))});
      networkConnections().then((rows) => process.stdout.write(require('node:v8').serialize(rows).toString('base64')));`;
    // On Windows, Node runs commands with COMSPEC.
    const env = { PATH: bin, COMSPEC: '/bin/sh', comspec: '/bin/sh' };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env, maxBuffer: 1 << 24 });
    return deserialize(Buffer.from(stdout, 'base64')) as unknown[];
  } finally {
    rmSync(bin, { recursive: true, force: true });
  }
}

function findTool(name: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new Error(`${name} is not on the PATH`);
}
