import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DaemonLibc } from '../../src/native/libc.ts';
import { readPeerCredentials } from '../../src/native/peer-credentials.ts';

const SO_PEERGROUPS = 59;

/** A kernel that knows these credentials, and these groups. */
function aKernel(credentials: readonly [number, number, number] | null, groups: readonly number[] | null): Pick<DaemonLibc, 'getsockopt' | 'errno'> {
  let errno = 0;
  return {
    errno: () => errno,
    getsockopt(_fd, _level, option, value, length) {
      const values = option === SO_PEERGROUPS ? groups : credentials;
      const room = new Uint32Array(length.buffer);
      if (values === null) {
        errno = constants.errno.ENOPROTOOPT;
        return -1;
      }
      const isEnough = room[0]! >= values.length * 4;
      room[0] = values.length * 4;
      if (!isEnough) {
        errno = constants.errno.ERANGE;
        return -1;
      }
      new Uint32Array(value.buffer).set(values);
      return 0;
    },
  };
}

describe('readPeerCredentials', () => {
  it.runIf(process.platform === 'linux')('tells who is at the other end of a real socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portreeve-peer-'));
    const server = createServer().listen(join(folder, 's'));
    await once(server, 'listening');
    const client = connect(join(folder, 's'));
    const [socket] = (await once(server, 'connection')) as [Socket & { readonly _handle: { readonly fd: number } }];
    const { groups, ...credentials } = readPeerCredentials(socket._handle.fd)!;
    expect(credentials).toEqual({ pid: process.pid, uid: process.geteuid!(), gid: process.getegid!() });
    // getgroups(2) may or may not include the primary group.
    expect([...new Set([...groups!, process.getegid!()])].sort()).toEqual([...new Set([...process.getgroups!(), process.getegid!()])].sort());
    client.destroy();
    socket.destroy();
    server.close();
    rmSync(folder, { recursive: true });
    await once(socket, 'close');
  });

  it('reads ids above 2^31, and as many groups as there are', () => {
    const groups = Array.from({ length: 3000 }, (_, index) => 4_000_000_000 + index);
    expect(readPeerCredentials(9, aKernel([12, 4_294_967_294, 3_000_000_000], groups))).toEqual({ pid: 12, uid: 4_294_967_294, gid: 3_000_000_000, groups });
  });

  it('says that the groups are not known where the kernel does not tell them', () => {
    expect(readPeerCredentials(9, aKernel([12, 1000, 1000], null))).toEqual({ pid: 12, uid: 1000, gid: 1000, groups: null });
  });

  it('knows nobody where the kernel does not, or has noted nobody', () => {
    expect(readPeerCredentials(9, aKernel(null, []))).toBeNull();
    expect(readPeerCredentials(9, aKernel([0, 4_294_967_295, 4_294_967_295], []))).toBeNull();
  });
});
