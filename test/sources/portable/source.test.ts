import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPortableSource } from '../../../src/sources/portable/source.ts';
import type { AddressInfo } from 'node:net';

const ROW = { protocol: 'tcp', localAddress: '::1', localPort: '22', peerAddress: '::', peerPort: '*', state: 'LISTEN', pid: 7, process: 'sshd' };
const readRows = () => Promise.resolve([ROW]);

/** The library reads TCP on Linux with netstat, or with ss where there is none. */
function hasTool(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v netstat || command -v ss']);
    return true;
  } catch {
    return false;
  }
}

describe('the portable source', () => {
  it('gives the listeners of the rows', async () => {
    const source = createPortableSource({ platform: 'win32', readRows });
    expect(source.name).toBe('portable');
    const dump = await source.dump();
    expect(dump.sockets).toMatchObject([{ protocol: 'tcp', family: 'ipv6', address: '::1', port: 22, holder: { pid: 7, name: 'sshd' } }]);
  });

  it.each(['sunos', 'aix', 'android'])('is unsupported on %s, and does not ask the library, which would never answer', async (platform) => {
    let asked = false;
    const source = createPortableSource({ platform, readRows: () => ((asked = true), readRows()) });
    await expect(source.dump()).rejects.toMatchObject({ name: 'PortreeveError', code: 'source-unsupported' });
    expect(asked).toBe(false);
  });

  it('passes on what the library failed with', async () => {
    const failure = new Error('no');
    const source = createPortableSource({ platform: 'darwin', readRows: () => Promise.reject(failure) });
    await expect(source.dump()).rejects.toBe(failure);
  });

  it('reads its own network namespace and no other', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'netns-'));
    try {
      const own = join(folder, 'own');
      const other = join(folder, 'other');
      writeFileSync(own, '');
      writeFileSync(other, '');
      const source = createPortableSource({ platform: 'linux', readRows, ownNamespacePath: own });
      expect((await source.dump(own)).sockets).toHaveLength(1);
      await expect(source.dump(other)).rejects.toMatchObject({ code: 'source-unsupported' });
      await expect(source.dump(join(folder, 'missing'))).rejects.toMatchObject({ code: 'source-unsupported' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.skipIf(process.platform !== 'linux' || !hasTool())('finds a real TCP listener and its process (needs Linux with netstat or ss)', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const dump = await createPortableSource().dump('/proc/self/ns/net');
      const found = dump.sockets.filter((socket) => socket.port === port);
      expect(found).toMatchObject([{ protocol: 'tcp', family: 'ipv4', address: '127.0.0.1', holder: { pid: process.pid } }]);
      expect(dump.gaps.map((gap) => gap.code)).toContain('udp-unseen');
    } finally {
      server.close();
    }
  });
});
