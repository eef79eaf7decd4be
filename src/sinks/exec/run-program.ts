import { spawn } from 'node:child_process';
import { describeFailure } from '../describe-failure.ts';
import { cleanText } from '../../model/untrusted-text.ts';

/** Characters of a program's output that are kept for the log. */
const OUTPUT_LENGTH = 2000;
/** After SIGTERM a program has so long to end before it is killed. Milliseconds. */
const GRACE = 2000;

export interface ProgramOutcome {
  /** Why it counts as failed, or null. */
  readonly error: string | null;
  /** Standard output and standard error together, the beginning of it, cleaned. */
  readonly output: string;
}

/**
 * Runs a program without a shell, with `input` on its standard input, until it ends or its time is over; then it and what
 * it started are ended. Its environment is what is handed in and nothing else. Never rejects.
 */
export function runProgram(command: readonly string[], input: string, environment: Readonly<Record<string, string>>, timeout: number, signal: AbortSignal): Promise<ProgramOutcome> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    let output = '';
    let ended: string | null = null;
    // A process group of its own: who it started ends with it.
    const child = spawn(program, args, { cwd: '/', env: { ...environment }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const kill = (name: NodeJS.Signals): void => {
      if (child.pid === undefined || child.pid <= 1) return;
      try {
        process.kill(-child.pid, name);
      } catch {
        // All of it is gone.
      }
    };
    let killTimer: NodeJS.Timeout | undefined;
    const end = (reason: string): void => {
      ended ??= reason;
      kill('SIGTERM');
      killTimer ??= setTimeout(() => { kill('SIGKILL'); }, GRACE);
    };
    const timer = setTimeout(() => { end(`did not end within ${timeout / 1000} s`); }, timeout);
    const abandon = (): void => {
      end('stopped with the agent');
    };
    signal.addEventListener('abort', abandon);
    const finish = (error: string | null): void => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      signal.removeEventListener('abort', abandon);
      // What it left behind may still hold the pipes.
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ error, output: cleanText(output.trim()) });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(0, OUTPUT_LENGTH);
      });
    }
    // A program that does not read its input is free not to.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', (cause: NodeJS.ErrnoException) => { finish(`cannot be run (${cause.code ?? describeFailure(cause)})`); });
    child.on('exit', (code, name) => {
      if (ended !== null) kill('SIGKILL');
      // Output that was written before the end is read before it is told.
      setImmediate(() => { finish(ended ?? (code === 0 ? null : code === null ? `was ended by ${name ?? 'a signal'}` : `ended with exit code ${code}`)); });
    });
  });
}
