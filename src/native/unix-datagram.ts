import { createDatagramBatch, type DatagramBatch } from './datagram-batch.ts';
import { errnoName } from './errno.ts';
import { loadDaemonLibc, loadLibc } from './libc.ts';

// Values of <sys/socket.h>; the same on every architecture that Node runs on Linux, MIPS aside.
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const EINTR = 4;
const EAGAIN = 11;
const EMSGSIZE = 90;
const ENOBUFS = 105;

/** `sun_path` of `struct sockaddr_un`, its NUL included (unix(7)). */
const PATH_SIZE = 108;
const FAMILY_SIZE = 2;

export type SendOutcome = { readonly kind: 'sent' } | Unsent;

export interface SentMany {
  readonly kind: 'sent';
  readonly count: number;
}

export type Unsent =
  /** The receiver does not keep up: the same datagram can be sent later. */
  | { readonly kind: 'full' }
  /** More than this socket sends in one datagram: never goes through, however often it is tried. */
  | { readonly kind: 'too-long' }
  /** Nobody receives there, or may not be reached: `ENOENT`, `ECONNREFUSED`, `EACCES` ... */
  | { readonly kind: 'failed'; readonly errno: string };

/** A sending Unix datagram socket. Nothing here waits or throws. */
export interface UnixDatagram {
  send(bytes: Uint8Array): SendOutcome;
  /** Sends in order, in one call, as many as there is room for; gives how many (one at least), or why not even the first was sent. */
  sendMany(datagrams: readonly Uint8Array[]): SentMany | Unsent;
  /** Hands an open descriptor over in a datagram that is otherwise empty (SCM_RIGHTS); it stays open here. */
  sendDescriptor(descriptor: number): SendOutcome;
  /** Sends after that fail with `EBADF`. */
  close(): void;
}

/**
 * A socket that sends to `path`, or to the abstract address whose name follows a leading `@` (systemd's spelling). Each datagram
 * is addressed anew, so that a receiver that was restarted, or is not there yet, is found as soon as it is.
 * @throws PortreeveError `source-unsupported` where native calls cannot be made
 */
export function openUnixDatagram(path: string): UnixDatagram {
  const libc = loadLibc();
  const sending = loadDaemonLibc();
  const receiver = encodeAddress(path);
  let socket: number | null = null;
  let batch: DatagramBatch | null = null;
  let closed = false;

  /** Gives what the call gives. Opened with the first datagram: a lack of descriptors is a failure like another, and may pass. */
  const attempt = (call: (fd: number, address: Uint8Array) => number): SentMany | Unsent => {
    if (closed) return { kind: 'failed', errno: 'EBADF' };
    if ('errno' in receiver) return { kind: 'failed', errno: receiver.errno };
    if (socket === null) {
      const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      if (fd < 0) return { kind: 'failed', errno: errnoName(libc.errno()) };
      socket = fd;
    }
    for (;;) {
      const result = call(socket, receiver.address);
      if (result >= 0) return { kind: 'sent', count: result };
      const errno = sending.errno();
      if (errno !== EINTR) return outcomeOf(errno);
    }
  };
  const attemptOne = (call: (fd: number, address: Uint8Array) => number): SendOutcome => {
    const outcome = attempt(call);
    return outcome.kind === 'sent' ? { kind: 'sent' } : outcome;
  };
  return {
    send: (bytes) => attemptOne((fd, address) => sending.sendto(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL, address, address.length)),
    sendMany: (datagrams) =>
      attempt((fd, address) => {
        batch ??= createDatagramBatch(address, (buffer) => sending.address(buffer));
        const count = batch.fill(datagrams);
        return sending.sendmmsg(fd, batch.headers, count, MSG_DONTWAIT | MSG_NOSIGNAL);
      }),
    sendDescriptor: (descriptor) =>
      attemptOne((fd, address) => {
        const control = encodeRights(descriptor);
        const message = encodeMessage(sending.address(address), address.length, sending.address(control), control.length);
        return sending.sendmsg(fd, message, MSG_DONTWAIT | MSG_NOSIGNAL);
      }),
    close() {
      closed = true;
      if (socket !== null) libc.close(socket);
      socket = null;
    },
  };
}

function outcomeOf(errno: number): Unsent {
  if (errno === EAGAIN || errno === ENOBUFS) return { kind: 'full' };
  if (errno === EMSGSIZE) return { kind: 'too-long' };
  return { kind: 'failed', errno: errnoName(errno) };
}

/** `struct sockaddr_un`. The length of an abstract name is that of the address; a path ends with a NUL. */
function encodeAddress(path: string): { readonly address: Uint8Array } | { readonly errno: string } {
  const name = Buffer.from(path, 'utf8');
  if (name.length === 0 || name.includes(0)) return { errno: 'EINVAL' };
  const abstract = path.startsWith('@');
  const length = abstract ? name.length : name.length + 1;
  if (length > PATH_SIZE) return { errno: 'ENAMETOOLONG' };
  const address = new Uint8Array(FAMILY_SIZE + length);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, FAMILY_SIZE);
  if (abstract) address[FAMILY_SIZE] = 0;
  return { address };
}

const WORD = process.arch === 'arm' || process.arch === 'ia32' ? 4 : 8;

/** `struct cmsghdr` with one descriptor, its padding included (cmsg(3)): size_t, int, int, int. */
function encodeRights(descriptor: number): Uint8Array {
  const size = WORD + 3 * 4;
  const control = new ArrayBuffer(Math.ceil(size / WORD) * WORD);
  writeWord(control, 0, BigInt(size));
  new Int32Array(control, WORD, 3).set([SOL_SOCKET, SCM_RIGHTS, descriptor]);
  return new Uint8Array(control);
}

/** `struct msghdr` without data, as sendmsg(2) takes it: seven words, of which two are ints with padding. */
function encodeMessage(name: bigint, nameLength: number, control: bigint, controlLength: number): Uint8Array {
  const message = new ArrayBuffer(7 * WORD);
  writeWord(message, 0, name);
  new Uint32Array(message, WORD, 1)[0] = nameLength;
  writeWord(message, 4 * WORD, control);
  writeWord(message, 5 * WORD, BigInt(controlLength));
  return new Uint8Array(message);
}

function writeWord(target: ArrayBuffer, offset: number, value: bigint): void {
  if (WORD === 8) new BigUint64Array(target, offset, 1)[0] = value;
  else new Uint32Array(target, offset, 1)[0] = Number(value);
}
