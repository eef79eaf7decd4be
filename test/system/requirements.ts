import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import { askSocketHolders } from '../../src/sources/bpf/socket-holders.ts';

/** A test that is skipped for a reason that starts so is excused; any other skip is a failure in CI (.ci/sum-reports.mjs). */
const KERNEL_LACKS = 'the kernel lacks';

/** What the sandboxes and the comparisons are made with; Debian's packages util-linux, iproute2, procps and python3. */
const COMMANDS = ['unshare', 'nsenter', 'setpriv', 'ip', 'ss', 'pgrep', '/usr/bin/python3'];

/** What these tests need and is not here, or null. */
export function missingForSandbox(more: readonly string[] = []): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [...COMMANDS, ...more].filter((command) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status !== 0);
  return missing.length === 0 ? null : `needs the commands ${missing.join(', ')}`;
}

/** A kind of network interface, tried in a network namespace that goes at once. */
export function missingInterfaceKind(kind: string, ...options: readonly string[]): string | null {
  if (process.getuid?.() !== 0) return null;
  const made = spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'probe', 'type', kind, ...options]);
  return made.status === 0 ? null : `${KERNEL_LACKS} ${kind} interfaces`;
}

/** A protocol, by its name in /proc/net/protocols. */
export function missingProtocol(name: string): string | null {
  const known = readFileSync('/proc/net/protocols', 'latin1').split('\n').some((line) => line.startsWith(`${name} `));
  return known ? null : `${KERNEL_LACKS} ${name}`;
}

/** A kernel that takes the program which lists holders of sockets, tried. */
export async function missingForBpf(): Promise<string | null> {
  const missing = missingForSandbox();
  if (missing !== null) return missing;
  try {
    await askSocketHolders(new Set([1]));
    return null;
  } catch (error) {
    if (!(error instanceof PortreeveError)) throw error;
    return `${KERNEL_LACKS} what BPF needs here: ${error.message}`;
  }
}

/** A `describe` that says in its title why it is skipped, so that every report of a run tells. */
export function describeUnless(missing: string | null, title: string, body: () => void): void {
  if (missing === null) describe(title, body);
  else describe.skip(`${title} (skipped: ${missing})`, body);
}
