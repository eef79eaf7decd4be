import { createRequire } from 'node:module';
import { PortreeveError } from '../model/errors.ts';

/** The few C library calls that Node does not have. Numbers are ints; a negative result means `errno()` tells why. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array, length: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
  setns(fd: number, type: number): number;
  /** Writes the name into `buffer` (IF_NAMESIZE, 16 bytes) and returns null where there is no such interface. */
  if_indextoname(index: number, buffer: Uint8Array): unknown;
  errno(): number;
}

interface Koffi {
  load(path: string | null): { func(prototype: string): (...args: never[]) => never };
  errno(): number;
}

let loaded: Libc | null = null;

/**
 * Binds the C library of the running process through koffi, once.
 * @throws PortreeveError `source-unsupported` where this is not Linux or koffi has no binary for this machine
 */
export function loadLibc(): Libc {
  if (loaded) return loaded;
  if (process.platform !== 'linux') {
    throw new PortreeveError('source-unsupported', `native Linux calls do not exist on ${process.platform}`);
  }
  try {
    loaded = bindFunctions(loadKoffi());
    return loaded;
  } catch (cause) {
    throw new PortreeveError('source-unsupported', `the FFI package koffi cannot be loaded on ${process.platform}-${process.arch}`, {
      hint: 'reinstall with optional dependencies (npm ci), or use --source procfs',
      cause,
    });
  }
}

/**
 * The binary itself where koffi's package for this machine is found, else through koffi, which looks in more places: the
 * look-ups of its wrapper take 5 ms of every start.
 */
function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  try {
    const binary = require(`@koromix/koffi-${process.platform}-${process.arch}`) as Partial<Koffi>;
    if (typeof binary.load === 'function' && typeof binary.errno === 'function') return binary as Koffi;
  } catch {
    // Another layout of the package: koffi knows.
  }
  return require('koffi') as Koffi;
}

function bindFunctions(koffi: Koffi): Libc {
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int option, const void *value, uint32_t length)'),
    connect: library.func('int connect(int fd, const void *address, uint32_t length)'),
    send: library.func('intptr_t send(int fd, const void *bytes, size_t length, int flags)'),
    recv: library.func('intptr_t recv(int fd, void *buffer, size_t length, int flags)'),
    close: library.func('int close(int fd)'),
    setns: library.func('int setns(int fd, int type)'),
    if_indextoname: library.func('char *if_indextoname(unsigned int index, void *buffer)'),
    errno: () => koffi.errno(),
  };
}
