import { errnoName } from './errno.ts';
import { loadDaemonLibc, type DaemonLibc } from './libc.ts';

/** Who is at the other end of a Unix stream socket, as the kernel noted it when they connected. */
export interface PeerCredentials {
  /** 0 where the process is outside this PID namespace. It may have ended since. */
  readonly pid: number;
  /** Effective uid and gid, as this user namespace has them (65534 for one that it does not know). */
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups; null where the kernel does not tell (before Linux 4.13). */
  readonly groups: readonly number[] | null;
}

const SOL_SOCKET = 1;
/** arch/powerpc/include/uapi/asm/socket.h has a number of its own; MIPS too, but no koffi binary comes for it. */
const SO_PEERCRED = process.arch === 'ppc64' ? 21 : 17;
/** include/uapi/asm-generic/socket.h; 4.13 brought it. */
const SO_PEERGROUPS = 59;
/** NGROUPS_MAX (limits.h): no process is in more groups. */
const MOST_GROUPS = 65_536;

/**
 * Reads SO_PEERCRED and SO_PEERGROUPS (unix(7)) of a connected socket; null where the kernel does not answer.
 * @throws PortreeveError `source-unsupported` where there is no FFI
 */
export function readPeerCredentials(fd: number, libc: Pick<DaemonLibc, 'getsockopt' | 'errno'> = loadDaemonLibc()): PeerCredentials | null {
  const credentials = new Int32Array(3);
  if (readOption(libc, fd, SO_PEERCRED, credentials) !== credentials.byteLength) return null;
  const [pid = 0, uid = -1, gid = -1] = credentials;
  // A socket whose other end never connected has uid and gid -1: nobody.
  if (uid === -1 || gid === -1) return null;
  return { pid, uid: uid >>> 0, gid: gid >>> 0, groups: readGroups(libc, fd) };
}

/** The kernel says how much room it needs where there is too little. */
function readGroups(libc: Pick<DaemonLibc, 'getsockopt' | 'errno'>, fd: number): readonly number[] | null {
  let room = 64;
  for (let attempt = 0; attempt < 2; attempt++) {
    const groups = new Int32Array(room);
    const length = readOption(libc, fd, SO_PEERGROUPS, groups);
    if (length >= 0 && length <= groups.byteLength) return Array.from(groups.subarray(0, length / 4), (gid) => gid >>> 0);
    if (errnoName(libc.errno()) !== 'ERANGE') return null;
    room = Math.min(-length / 4, MOST_GROUPS);
  }
  return null;
}

/** Bytes written, or minus the bytes wanted where the call failed. */
function readOption(libc: Pick<DaemonLibc, 'getsockopt'>, fd: number, option: number, value: Int32Array): number {
  const length = new Uint32Array([value.byteLength]);
  const result = libc.getsockopt(fd, SOL_SOCKET, option, new Uint8Array(value.buffer), new Uint8Array(length.buffer));
  const [bytes = 0] = length;
  return result < 0 ? -bytes : bytes;
}
