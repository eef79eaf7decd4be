import { PortreeveError } from '../model/errors.ts';
import { errnoName } from './errno.ts';
import { loadLibc } from './libc.ts';

// Values of <sys/socket.h> and <linux/netlink.h>; the same on every architecture that Node runs on Linux, MIPS aside.
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const MSG_TRUNC = 0x20;
const EINTR = 4;
const EAGAIN = 11;
const ENOBUFS = 105;
const EPROTONOSUPPORT = 93;

export const NETLINK_ROUTE = 0;
export const NETLINK_SOCK_DIAG = 4;
export const NETLINK_GENERIC = 16;

/** `struct sockaddr_nl` of the kernel: family, padding, port 0, no groups. */
const KERNEL_ADDRESS = new Uint8Array(12);
new Uint16Array(KERNEL_ADDRESS.buffer, 0, 1)[0] = AF_NETLINK;

/** What one receive gave: a datagram of netlink messages, or why there is none. */
export type Received =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The datagram was larger than the buffer, which has been grown for the next attempt. */
  | { readonly kind: 'truncated' }
  /** The kernel dropped messages for want of buffer space (ENOBUFS), or nothing came in time. */
  | { readonly kind: 'lost'; readonly reason: string };

/** A netlink socket as the dump loop needs it; tests stand in for the kernel with one of their own. */
export interface NetlinkTransport {
  send(message: Uint8Array): void;
  /** The bytes are valid until the next call. */
  receive(): Received;
  close(): void;
}

/** A dump of a wedged kernel table must not hang the audit. Seconds. */
const RECEIVE_TIMEOUT = 5;
/** The kernel fills dump datagrams up to 32 KiB where the receiver offers that much (net/netlink/af_netlink.c). */
const BUFFER_SIZE = 65_536;

/**
 * Opens a netlink socket in the network namespace that the calling thread is in; it stays in that namespace.
 * @throws PortreeveError `source-unsupported` where the kernel or a seccomp filter does not offer the protocol
 */
export function openNetlinkSocket(protocol: number): NetlinkTransport {
  const libc = loadLibc();
  const fd = libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (fd < 0) {
    const errno = libc.errno();
    const unsupported = errno === EPROTONOSUPPORT || ['EAFNOSUPPORT', 'EPERM', 'EACCES', 'ENOSYS'].includes(errnoName(errno));
    throw new PortreeveError(unsupported ? 'source-unsupported' : 'source-failed', `cannot open a netlink socket (protocol ${protocol}): ${errnoName(errno)}`, {
      hint: 'use --source procfs, or allow AF_NETLINK in the sandbox that portreeve runs in',
    });
  }
  // Whoever has CAP_NET_ADMIN in the namespace, which any user can in one of its own, may send to a netlink port there.
  // The kernel refuses all senders but the one that a socket is connected to, and port 0 is the kernel (net/netlink).
  if (libc.connect(fd, KERNEL_ADDRESS, KERNEL_ADDRESS.length) < 0) {
    const reason = errnoName(libc.errno());
    libc.close(fd);
    throw new PortreeveError('source-unsupported', `cannot connect a netlink socket to the kernel: ${reason}`, { hint: 'use --source procfs' });
  }
  const timeout = new BigInt64Array([BigInt(RECEIVE_TIMEOUT), 0n]);
  const timeval = process.arch === 'arm' || process.arch === 'ia32' ? new Int32Array([RECEIVE_TIMEOUT, 0]) : timeout;
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, new Uint8Array(timeval.buffer), timeval.byteLength);

  let buffer = new Uint8Array(BUFFER_SIZE);
  return {
    send(message) {
      if (libc.send(fd, message, message.length, 0) < 0) {
        throw new PortreeveError('source-failed', `cannot send to the kernel over netlink: ${errnoName(libc.errno())}`);
      }
    },
    receive() {
      for (;;) {
        const length = libc.recv(fd, buffer, buffer.length, MSG_TRUNC);
        if (length > buffer.length) {
          buffer = new Uint8Array(length * 2);
          return { kind: 'truncated' };
        }
        if (length >= 0) return { kind: 'bytes', bytes: buffer.subarray(0, length) };
        const errno = libc.errno();
        if (errno === EINTR) continue;
        if (errno === ENOBUFS) return { kind: 'lost', reason: 'the kernel dropped messages (ENOBUFS)' };
        if (errno === EAGAIN) return { kind: 'lost', reason: `no answer from the kernel within ${RECEIVE_TIMEOUT} s` };
        throw new PortreeveError('source-failed', `cannot receive from the kernel over netlink: ${errnoName(errno)}`);
      }
    },
    close() {
      // An answer about WireGuard carries its private key.
      buffer.fill(0);
      libc.close(fd);
    },
  };
}
