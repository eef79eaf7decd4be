import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BUNDLE = fileURLToPath(new URL('../../dist/bin/portreeve.cjs', import.meta.url));

/** Whatever this machine keeps, the embedded registry counts here. */
const NO_STATE = join(tmpdir(), `portreeve-no-state-${process.pid}`);

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line as a user does. `npm test` builds it first. */
export function portreeve(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BUNDLE, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', STATE_DIRECTORY: NO_STATE, ...environment }, timeout: 20_000 });
    const read = (stream: NodeJS.ReadableStream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      return () => Buffer.concat(chunks).toString('utf8');
    };
    const stdout = read(child.stdout);
    const stderr = read(child.stderr);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}
