import { spawn } from 'node:child_process';

export interface Completed {
  /** Exit code; 128 plus the signal's number where a signal ended it, as a shell counts. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly seconds?: number;
  readonly environment?: NodeJS.ProcessEnv;
  /** Called once the process runs; ends it early or sends it signals. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** Runs a command to its end, in a process group of its own so that nothing of it is left after the time limit. */
export function runCommand(command: string, args: readonly string[], { seconds = 30, environment, onStart }: RunOptions = {}): Promise<Completed> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], env: environment ?? process.env });
    let stdout = '';
    let stderr = '';
    const limit = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      stderr += `\nended after its limit of ${seconds} s`;
    }, seconds * 1000);
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code: code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 127), stdout, stderr });
    });
    child.on('spawn', () => onStart?.((signal) => child.kill(signal)));
  });
}
