import { existsSync } from 'node:fs';
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

/** Calls that only the daemon and its sinks make: bound apart, for each binding costs a part of every start. */
export interface DaemonLibc {
  getsockopt(fd: number, level: number, option: number, value: Uint8Array, length: Uint8Array): number;
  /** `struct msghdr` with its pointers written by the caller. */
  sendmsg(fd: number, message: Uint8Array, flags: number): number;
  /** `messages` is an array of `struct mmsghdr`, their pointers written by the caller; gives how many were sent. */
  sendmmsg(fd: number, messages: Uint8Array, count: number, flags: number): number;
  sendto(fd: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: number): number;
  memfd_create(name: string, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  ioctl(fd: number, request: number, result: Uint8Array): number;
  /** `time` is a `struct timespec`. */
  clock_gettime(clock: number, time: Uint8Array): number;
  /** Ends the process, all threads of it, and waits for none. */
  _exit(code: number): void;
  /** Address of a buffer, for structures that hold pointers; the buffer must stay alive. */
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

/** Waiting in the place of libuv, by what it has for those who embed its event loop. The functions are Node's own. */
export interface LoopLibc {
  /** `descriptors` is an array of `struct pollfd`. */
  poll(descriptors: Uint8Array, count: number, timeoutMs: number): number;
  /** The event loop of the main thread. */
  uv_default_loop(): unknown;
  /** Readable when the loop has something to call back. */
  uv_backend_fd(loop: unknown): number;
  /** Milliseconds until the loop's next timer; 0 where it has something to do at once, below 0 where nothing is due. */
  uv_backend_timeout(loop: unknown): number;
  /** Sets the clock by which the loop's timers run. */
  uv_update_time(loop: unknown): void;
  errno(): number;
}

/** Reading a folder and the links in it. */
export interface FolderLibc {
  open(path: string, flags: number): number;
  close(fd: number): number;
  /** Fills `buffer` with `struct linux_dirent64` records; 0 at the end. */
  getdents64(fd: number, buffer: Uint8Array, length: number): number;
  /** `name` ends with a NUL; `buffer` gets where the link leads, without one. */
  readlinkat(fd: number, name: Uint8Array, buffer: Uint8Array, length: number): number;
  errno(): number;
}

/** bpf(2), which no C library has a function for. */
export interface BpfLibc {
  /** `attribute` is a `union bpf_attr`, with addresses written by the caller. */
  bpf(command: number, attribute: Uint8Array, size: number): number;
  /** Address of a buffer, which must stay alive. */
  address(buffer: ArrayBufferView): bigint;
  errno(): number;
}

type NativeFunction = (...args: never[]) => never;

interface Koffi {
  load(path: string | null): { func(prototype: string): NativeFunction };
  address(pointer: unknown): bigint;
  errno(): number;
}

let loaded: Libc | null = null;
let loadedForDaemon: DaemonLibc | null = null;
let loadedForLoop: LoopLibc | null = null;
let loadedForFolders: FolderLibc | null = null;
let loadedForBpf: BpfLibc | null = null;

/**
 * Binds the C library of the running process through koffi, once.
 * @throws PortreeveError `source-unsupported` where this is not Linux or koffi has no binary for this machine
 */
export function loadLibc(): Libc {
  return (loaded ??= bind(bindFunctions));
}

/**
 * Binds what the daemon needs besides, once.
 * @throws PortreeveError as `loadLibc`
 */
export function loadDaemonLibc(): DaemonLibc {
  return (loadedForDaemon ??= bind(bindDaemonFunctions));
}

/** Binds what waits in the place of libuv, once; null where that cannot be had. */
export function loadLoopLibc(): LoopLibc | null {
  try {
    return (loadedForLoop ??= bind(bindLoop));
  } catch {
    return null;
  }
}

/** Binds what reads folders, once; null where that cannot be done. Node can read folders too, only slower. */
export function loadFolderLibc(): FolderLibc | null {
  const number = GETDENTS64[process.arch];
  if (number === undefined) return null;
  try {
    return (loadedForFolders ??= bind((koffi) => bindFolderFunctions(koffi, number)));
  } catch {
    return null;
  }
}

/**
 * Binds bpf(2), once.
 * @throws PortreeveError as `loadLibc`, and where the number of the call is not known for this machine
 */
export function loadBpfLibc(): BpfLibc {
  const number = BPF[process.arch];
  if (number === undefined) throw new PortreeveError('source-unsupported', `bpf(2) is not known here for ${process.arch}`, { hint: 'use --owners proc' });
  return (loadedForBpf ??= bind((koffi) => bindBpf(koffi, number)));
}

function bind<T>(functions: (koffi: Koffi) => T): T {
  if (process.platform !== 'linux') {
    throw new PortreeveError('source-unsupported', `native Linux calls do not exist on ${process.platform}`);
  }
  try {
    return functions(loadKoffi());
  } catch (cause) {
    throw new PortreeveError('source-unsupported', `the FFI package koffi cannot be loaded on ${process.platform}-${process.arch}`, {
      hint: 'reinstall with optional dependencies (npm ci), or use --source procfs',
      cause,
    });
  }
}

/**
 * The binary itself where koffi's package for this machine has it, else through koffi, which looks in more places: the
 * look-ups of its wrappers take 7 ms of every start. That binary is for glibc; which of the two a machine has that also
 * has the other's loader is left to koffi.
 */
function loadKoffi(): Koffi {
  const require = createRequire(import.meta.url);
  const muslLoader = MUSL_LOADERS[process.arch];
  try {
    if (muslLoader !== undefined && !existsSync(muslLoader)) {
      const binary = require(`@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`) as Partial<Koffi>;
      if (typeof binary.load === 'function' && typeof binary.errno === 'function') return binary as Koffi;
    }
  } catch {
    // Another layout of the package: koffi knows.
  }
  return require('koffi') as Koffi;
}

/** Where musl keeps its dynamic loader, by Node's name of the machine. */
const MUSL_LOADERS: Readonly<Record<string, string>> = { x64: '/lib/ld-musl-x86_64.so.1', arm64: '/lib/ld-musl-aarch64.so.1' };

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

/** Number of the system call (asm/unistd.h), for which glibc has a function only since 2.30. */
const GETDENTS64: Readonly<Record<string, number>> = { x64: 217, arm64: 61 };

function bindFolderFunctions(koffi: Koffi, number: number): FolderLibc {
  const library = koffi.load(null);
  const syscall = bindSyscall(koffi);
  return {
    open: library.func('int open(const char *path, int flags)'),
    close: library.func('int close(int fd)'),
    getdents64: (fd, buffer, length) => syscall(number, fd, buffer, length),
    readlinkat: library.func('intptr_t readlinkat(int fd, const void *name, void *buffer, size_t length)'),
    errno: () => koffi.errno(),
  };
}

/** Number of the system call, on machines whose bytes are in the order that programs and types are written in here. */
const BPF: Readonly<Record<string, number>> = { x64: 321, arm64: 280 };

function bindBpf(koffi: Koffi, number: number): BpfLibc {
  const syscall = bindSyscall(koffi);
  return { bpf: (command, attribute, size) => syscall(number, command, attribute, size), address: (buffer) => koffi.address(buffer), errno: () => koffi.errno() };
}

/** syscall(2) of three arguments, the second a buffer. */
function bindSyscall(koffi: Koffi): (number: number, first: number, buffer: Uint8Array, length: number) => number {
  return koffi.load(null).func('intptr_t syscall(intptr_t number, intptr_t first, void *buffer, size_t length)') as unknown as (number: number, first: number, buffer: Uint8Array, length: number) => number;
}

function bindLoop(koffi: Koffi): LoopLibc {
  const library = koffi.load(null);
  return {
    poll: library.func('int poll(void *descriptors, unsigned long count, int timeout)'),
    uv_default_loop: library.func('void *uv_default_loop()'),
    uv_backend_fd: library.func('int uv_backend_fd(void *loop)'),
    uv_backend_timeout: library.func('int uv_backend_timeout(void *loop)'),
    uv_update_time: library.func('void uv_update_time(void *loop)'),
    errno: () => koffi.errno(),
  };
}

function bindDaemonFunctions(koffi: Koffi): DaemonLibc {
  const library = koffi.load(null);
  return {
    getsockopt: library.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
    sendmsg: library.func('intptr_t sendmsg(int fd, const void *message, int flags)'),
    sendmmsg: library.func('int sendmmsg(int fd, void *messages, unsigned int count, int flags)'),
    sendto: library.func('intptr_t sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)'),
    memfd_create: library.func('int memfd_create(const char *name, unsigned int flags)'),
    fcntl: library.func('int fcntl(int fd, int command, intptr_t argument)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, void *result)'),
    clock_gettime: library.func('int clock_gettime(int clock, void *time)'),
    _exit: library.func('void _exit(int code)'),
    address: (buffer) => koffi.address(buffer),
    errno: () => koffi.errno(),
  };
}
