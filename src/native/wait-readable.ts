import { endianness } from 'node:os';
import { loadDaemonLibc, type DaemonLibc } from './libc.ts';

const POLLIN = 1;
const POLLFD_SIZE = 8;
/**
 * A call occupies one thread of libuv's pool, and the process cannot end before it has returned. Longer than the daemon's interval
 * with what it varies by, so that one wait is enough for it. Milliseconds.
 */
const LONGEST = 1200;

/**
 * Waits until one of the descriptors can be read or has failed (poll(2)), at most `timeoutMs` and never longer than 1.2
 * seconds; true where one can. With no descriptors, and where the FFI package is missing, it only waits: then true means
 * that no one knows. The event loop stays free; each call takes a thread of libuv's pool (four, as a rule) for its time.
 */
export async function waitReadable(descriptors: readonly number[], timeoutMs: number): Promise<boolean> {
  const timeout = Math.max(0, Math.min(LONGEST, Math.ceil(timeoutMs)));
  const libc = descriptors.length === 0 ? null : daemonLibc();
  if (libc !== null) {
    // `struct pollfd`: int fd, short events, short revents.
    const view = new DataView(new ArrayBuffer(descriptors.length * POLLFD_SIZE));
    const littleEndian = endianness() === 'LE';
    for (const [index, descriptor] of descriptors.entries()) {
      view.setInt32(index * POLLFD_SIZE, descriptor, littleEndian);
      view.setInt16(index * POLLFD_SIZE + 4, POLLIN, littleEndian);
    }
    const bytes = new Uint8Array(view.buffer);
    const result = await new Promise<number>((resolve) => {
      // Named after the call, the bytes live until then.
      libc.pollAsync(bytes, descriptors.length, timeout, (error, count) => { resolve(error === null && bytes.length > 0 ? count : -1); });
    });
    if (result >= 0) return result > 0;
  }
  // Also where poll(2) was interrupted or refused: a caller that loops must not spin.
  await new Promise((resolve) => setTimeout(resolve, timeout));
  return descriptors.length > 0;
}

function daemonLibc(): DaemonLibc | null {
  try {
    return loadDaemonLibc();
  } catch {
    return null;
  }
}
