import { loadDaemonLibc } from '../native/libc.ts';

/**
 * Ends this process at once (_exit(2)). `process.exit` waits for the threads of libuv's pool, and so for a disk that hangs,
 * until whoever started it loses patience and kills it.
 */
export function exitNow(code: number): never {
  try {
    loadDaemonLibc()._exit(code);
  } catch {
    // Without FFI.
  }
  process.exit(code);
}
