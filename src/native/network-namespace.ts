import { closeSync, openSync } from 'node:fs';
import { PortreeveError } from '../model/errors.ts';
import { errnoName } from './errno.ts';
import { loadLibc } from './libc.ts';

const CLONE_NEWNET = 0x40000000;

/**
 * Runs `work` with this thread inside another network namespace, and brings the thread back. Synchronous on purpose:
 * setns(2) moves only the calling thread, and nothing else may run on it meanwhile. Needs CAP_SYS_ADMIN.
 * @throws PortreeveError `source-unsupported` where the namespace may not be entered
 */
export function insideNetworkNamespace<T>(path: string, work: () => T): T {
  const libc = loadLibc();
  const home = openNamespace('/proc/thread-self/ns/net');
  try {
    const target = openNamespace(path);
    try {
      if (libc.setns(target, CLONE_NEWNET) < 0) {
        throw new PortreeveError('source-unsupported', `cannot enter the network namespace ${path}: ${errnoName(libc.errno())}`, {
          hint: 'run as root (CAP_SYS_ADMIN), or name the namespace with `ip netns exec`',
        });
      }
      try {
        return work();
      } finally {
        // Going on in the wrong namespace would report its sockets as the host's.
        if (libc.setns(home, CLONE_NEWNET) < 0) {
          process.stderr.write(`portreeve: cannot return to its own network namespace: ${errnoName(libc.errno())}\n`);
          process.abort();
        }
      }
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(home);
  }
}

function openNamespace(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new PortreeveError('source-unsupported', `cannot open the network namespace ${path}`, { cause });
  }
}
