import { spawnSync } from 'node:child_process';
import { describe } from 'vitest';

/** Why a test cannot run here, or null. A reason that starts so is the machine's; any other is a fault in CI (.ci/run). */
export const KERNEL_LACKS = 'the kernel lacks';

/** What the sandboxes and the comparisons are made with; Debian's packages util-linux, iproute2, procps and python3. */
const COMMANDS = ['unshare', 'nsenter', 'setpriv', 'ip', 'ss', 'pgrep', '/usr/bin/python3'];

/** The first thing that these tests need and that is not here. */
export function missingForSandbox(more: readonly string[] = []): string | null {
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [...COMMANDS, ...more].filter((command) => spawnSync('sh', ['-c', 'command -v "$1"', 'sh', command]).status !== 0);
  return missing.length === 0 ? null : `needs the commands ${missing.join(', ')}`;
}

/** A kind of network interface that this kernel can or cannot make, tried in a network namespace that goes at once. */
export function missingInterfaceKind(kind: string, ...options: readonly string[]): string | null {
  if (process.getuid?.() !== 0) return null;
  const made = spawnSync('unshare', ['-n', 'ip', 'link', 'add', 'probe', 'type', kind, ...options]);
  return made.status === 0 ? null : `${KERNEL_LACKS} ${kind} interfaces`;
}

/** A `describe` that says in its title why it is skipped, so that every report of a run tells. */
export function describeUnless(missing: string | null, title: string, body: () => void): void {
  if (missing === null) describe(title, body);
  else describe.skip(`${title} (skipped: ${missing})`, body);
}
