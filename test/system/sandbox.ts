import { execFileSync, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Readable, Writable } from 'node:stream';
import type { AuditReport } from '../../src/model/audit.ts';
import { runCommand, type Completed, type RunOptions } from './run-command.ts';

export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
export const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
export const PORTREEVE = 'dist/bin/portreeve.cjs';
/** Debian's own, since a version manager's may be a shell script in between. */
export const PYTHON = '/usr/bin/python3';

/** A little host: a network, a process tree and a /run of its own. It ends with this process, however that ends. */
export interface Sandbox {
  /** Runs a command inside, to its end. */
  run(command: readonly string[], options?: RunOptions): Promise<Completed>;
  /** Starts a command inside and leaves it running; it ends with the sandbox at the latest. */
  spawn(command: readonly string[]): ChildProcess;
  /** Sends a signal to a process by its pid inside. */
  kill(pid: number, signal: NodeJS.Signals): void;
  /** Where its root folder is seen from outside. */
  readonly root: string;
  /** How portreeve is run inside. */
  readonly command: readonly string[];
  /** Starts a Python program of `fixtures/` inside, put between `before` and its arguments; gives its first line of output, as JSON. */
  start<T>(program: string, args?: readonly string[], before?: readonly string[]): Promise<T>;
  /** Runs portreeve inside, the way it is put between `before` and the arguments. */
  portreeve(args: readonly string[], before?: readonly string[], options?: RunOptions): Promise<Completed>;
  /** `audit --now --format json`, parsed. */
  audit(args?: readonly string[], before?: readonly string[]): Promise<AuditReport>;
  close(): Promise<void>;
}

// The checkout and Node may lie where only root may go; here every user reaches them.
const SETUP = `
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir /run/portreeve; mount --bind "$1" /run/portreeve
  touch /run/node; mount --bind "$2" /run/node
  ip link set lo up
  echo ready
  exec cat
`;
const INSIDE = ['/run/node', `/run/portreeve/${PORTREEVE}`];

export async function openSandbox(): Promise<Sandbox> {
  if (!existsSync(`${REPOSITORY}/${PORTREEVE}`)) throw new Error(`${PORTREEVE} is not built: npm run build`);
  // The first process reads a pipe of ours: when it is closed, by whatever, the namespace ends with all that is in it.
  const unshare = spawn('unshare', ['-n', '-p', '-m', '-f', '--kill-child', '--mount-proc', 'sh', '-euc', SETUP, 'sh', REPOSITORY, process.execPath], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await firstLine(unshare);
  const first = execFileSync('pgrep', ['-P', String(unshare.pid)], { encoding: 'utf8' }).trim();
  const enter = (command: readonly string[]): [string, string[]] => ['nsenter', ['-t', first, '-n', '-p', '-m', '--', ...command]];

  const sandbox: Sandbox = {
    run: (command, options) => runCommand(...enter(command), options),
    spawn: (command) => spawn(...enter(command), { stdio: ['ignore', 'ignore', 'inherit'] }),
    kill(pid, signal) {
      execFileSync(...enter(['sh', '-c', `kill -${signal.slice(3)} ${pid}`]));
    },
    root: `/proc/${first}/root`,
    command: INSIDE,
    async start<T>(program: string, args: readonly string[] = [], before: readonly string[] = []) {
      const child = spawn(...enter([...before, PYTHON, '-u', `/run/portreeve/test/system/fixtures/${program}`, ...args]), { stdio: ['pipe', 'pipe', 'inherit'] });
      return JSON.parse(await firstLine(child)) as T;
    },
    portreeve: (args, before = [], options) => sandbox.run([...before, ...INSIDE, ...args], options),
    async audit(args = [], before = []) {
      const { code, stdout, stderr } = await sandbox.portreeve(['audit', '--now', '--format', 'json', ...args], before);
      if (![0, 1, 3].includes(code)) throw new Error(`portreeve ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as AuditReport;
    },
    async close() {
      const ended = once(unshare, 'exit');
      unshare.stdin.end();
      await ended;
    },
  };
  return sandbox;
}

async function firstLine(child: ChildProcessByStdio<Writable, Readable, null>): Promise<string> {
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
  }
  throw new Error(`${child.spawnargs.join(' ')} ended before it was ready`);
}
