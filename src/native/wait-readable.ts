import { endianness } from 'node:os';
import { loadDaemonLibc, type DaemonLibc } from './libc.ts';

const POLLIN = 1;
const POLLFD_SIZE = 8;
/** Where poll(2) cannot be asked the caller has to look for itself, so often. Milliseconds. */
const BLIND = 1_000;

/**
 * Waits until a descriptor can be read or has failed (poll(2)), at most `timeoutMs`; true where it can, or, after a second,
 * where no one knows: the FFI package is missing, or the call was interrupted. The event loop stays free; each call takes a
 * thread of libuv's pool (four, as a rule) for its time, and the process cannot end before.
 */
export async function waitReadable(descriptor: number, timeoutMs: number): Promise<boolean> {
  const timeout = Math.max(0, Math.ceil(timeoutMs));
  const libc = daemonLibc();
  if (libc !== null) {
    // `struct pollfd`: int fd, short events, short revents.
    const view = new DataView(new ArrayBuffer(POLLFD_SIZE));
    const littleEndian = endianness() === 'LE';
    view.setInt32(0, descriptor, littleEndian);
    view.setInt16(4, POLLIN, littleEndian);
    const bytes = new Uint8Array(view.buffer);
    const result = await new Promise<number>((resolve) => {
      // Named after the call, the bytes live until then.
      libc.pollAsync(bytes, 1, timeout, (error, count) => { resolve(error === null && bytes.length > 0 ? count : -1); });
    });
    if (result >= 0) return result > 0;
  }
  // A caller that loops must not spin.
  await new Promise((resolve) => setTimeout(resolve, Math.min(timeout, BLIND)));
  return true;
}

function daemonLibc(): DaemonLibc | null {
  try {
    return loadDaemonLibc();
  } catch {
    return null;
  }
}
