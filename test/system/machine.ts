import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, type Completed, type RunOptions } from './run-command.ts';

/** Kept between runs, and outside the repository: making it takes minutes. */
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? '/var/cache', 'portreeve-test');
export const DEBIAN_ROOT = join(CACHE, 'debian-root');
const MAKE_ROOT = fileURLToPath(new URL('make-debian-root.sh', import.meta.url));
/** A PID and mount namespace that ends with everything in it: however a command goes, no process and no mount is left. */
export const LEAVE_NOTHING = ['-m', '-p', '-f', '--kill-child', '--mount-proc'];
export const MAKE_SECONDS = 300;
const BOOT_SECONDS = 30;

/** A Debian server that systemd has booted, with a network of its own, over a layer of memory: nothing stays of what is done to it. */
export interface Machine {
  run(command: readonly string[], options?: RunOptions): Promise<Completed>;
  /** Runs a script, and gives what it says, trimmed. Throws where it fails. */
  bash(script: string, options?: RunOptions): Promise<string>;
  close(): Promise<void>;
}

export async function makeDebianRoot(): Promise<void> {
  const { code, stdout, stderr } = await runCommand('unshare', [...LEAVE_NOTHING, 'bash', MAKE_ROOT, CACHE], { seconds: MAKE_SECONDS });
  if (code !== 0) throw new Error(`the Debian root could not be made: ${(stdout + stderr).slice(-2000)}`);
}

/** @param binds arguments of systemd-nspawn that put files of this host into the machine */
export async function bootMachine(binds: readonly string[]): Promise<Machine> {
  const nspawn = [
    ...['systemd-nspawn', '-q', '-D', DEBIAN_ROOT, '--volatile=overlay', '--register=no', '--keep-unit'],
    ...['--private-network', '--capability=all', '--console=pipe', ...binds, '--boot'],
  ];
  const child = spawn('unshare', [...LEAVE_NOTHING, 'sh', '-c', 'mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"', 'sh', ...nspawn], { stdio: ['ignore', 'pipe', 'pipe'] });
  let console = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (console = (console + text).slice(-4000)));
  const ended = once(child, 'exit');

  let first: string | null = null;
  const run = (command: readonly string[], options?: RunOptions) => runCommand('nsenter', ['-t', first ?? 'none', '-a', '--', ...command], options);
  const machine: Machine = {
    run,
    async bash(script, options) {
      const { code, stdout, stderr } = await run(['bash', '-euo', 'pipefail', '-c', script], options);
      if (code !== 0) throw new Error(`\`${script.trim()}\` ended with ${code}: ${stdout}${stderr}`);
      return stdout.trim();
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  const limit = performance.now() + BOOT_SECONDS * 1000;
  for (;;) {
    first ??= findFirst(child.pid ?? 0);
    // `degraded` is a unit of the stock server that a container has no use for.
    if (first !== null && /^(?:running|degraded)$/m.test((await run(['systemctl', 'is-system-running', '--wait'])).stdout)) return machine;
    if (performance.now() > limit || child.exitCode !== null) {
      await machine.close();
      throw new Error(`the machine did not boot: ${console}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Pid, as seen from here, of the first process of the machine: the child's child's child. */
function findFirst(pid: number): string | null {
  const children = (of: string) => {
    try {
      return readFileSync(`/proc/${of}/task/${of}/children`, 'utf8').trim().split(' ').filter((each) => each !== '');
    } catch {
      return [];
    }
  };
  const [nspawn] = children(String(pid));
  return nspawn === undefined ? null : children(nspawn).find((each) => readFileSync(`/proc/${each}/comm`, 'utf8') === 'systemd\n') ?? null;
}
