import type { Socket } from 'node:net';
import { loadDaemonLibc } from '../../native/libc.ts';

/** tcp(7), <asm-generic/ioctls.h>. */
const SIOCOUTQ = 0x5411;

/** Octets that the other side's kernel has not acknowledged, our end counted as one of them; null where it cannot be told. */
export function countUnacknowledged(socket: Socket): number | null {
  // Node keeps the descriptor to itself; under TLS one layer deeper.
  const handle = (socket as unknown as { _handle?: { fd?: number; _parent?: { fd?: number } } | null })._handle;
  const fd = handle?._parent?.fd ?? handle?.fd;
  if (fd === undefined || fd < 0) return null;
  const octets = new Int32Array(1);
  try {
    return loadDaemonLibc().ioctl(fd, SIOCOUTQ, new Uint8Array(octets.buffer)) < 0 ? null : (octets[0] ?? null);
  } catch {
    return null;
  }
}
