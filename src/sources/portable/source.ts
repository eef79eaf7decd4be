import { stat } from 'node:fs/promises';
import { PortreeveError } from '../../model/errors.ts';
import { listenersFromConnections } from './listeners-from-connections.ts';
import { isPortablePlatform } from './portable-platform.ts';
import { readConnections } from './read-connections.ts';
import type { SocketSource } from '../../model/socket.ts';

export interface PortableSourceOptions {
  /** As in process.platform. */
  readonly platform?: string;
  /** Gives the rows of networkConnections(). */
  readonly readRows?: () => Promise<unknown>;
  /** The file that stands for the network namespace of this process. */
  readonly ownNamespacePath?: string;
}

/**
 * The socket tables as systeminformation sees them: for macOS, Windows and BSD, where nothing better is portable, and
 * on Linux as a second opinion on TCP. It reads the namespace it runs in, and no other.
 */
export function createPortableSource(options: PortableSourceOptions = {}): SocketSource {
  const { platform = process.platform, readRows = readConnections, ownNamespacePath = '/proc/self/ns/net' } = options;
  return {
    name: 'portable',
    async dump(namespacePath) {
      if (!isPortablePlatform(platform)) {
        throw new PortreeveError('source-unsupported', `the portable source does not know how to list sockets on ${platform}`);
      }
      if (namespacePath !== undefined && !(await isSameFile(namespacePath, ownNamespacePath))) {
        throw new PortreeveError('source-unsupported', `the portable source reads its own network namespace only, not ${namespacePath}`, {
          hint: 'run portreeve inside that namespace (ip netns exec, nsenter), or use the netlink source',
        });
      }
      return listenersFromConnections(await readRows(), platform);
    },
  };
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  try {
    const [one, two] = await Promise.all([stat(path), stat(other)]);
    return one.dev === two.dev && one.ino === two.ino;
  } catch {
    return false;
  }
}
