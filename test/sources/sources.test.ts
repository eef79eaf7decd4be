import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PortreeveError } from '../../src/model/errors.ts';
import type { SocketSource } from '../../src/model/socket.ts';
import { readSockets } from '../../src/sources/choose.ts';
import { createNetlinkSource } from '../../src/sources/netlink/source.ts';
import { createPortableSource } from '../../src/sources/portable/source.ts';
import { createProcfsSource } from '../../src/sources/procfs/source.ts';
import { describeConformance } from './conformance.ts';

describe.runIf(process.platform === 'linux')('netlink', () => {
  describeConformance(() => createNetlinkSource(), { udp: true, inode: true, v6only: true });
});

describe.runIf(process.platform === 'linux')('procfs', () => {
  describeConformance(() => createProcfsSource(), { udp: true, inode: true, v6only: false });

  it("knows the kernel's own ports from the NFS server's list", async () => {
    const proc = mkdtempSync(join(tmpdir(), 'portreeve-nfsd-'));
    mkdirSync(join(proc, 'fs/nfsd'), { recursive: true });
    writeFileSync(join(proc, 'fs/nfsd/portlist'), 'rdma 20049\ntcp 2049\n');
    const services = await createProcfsSource(proc).kernelServices?.();
    rmSync(proc, { recursive: true });
    expect(services).toContainEqual(expect.objectContaining({ protocol: 'tcp', port: 2049, service: 'nfsd' }));
  });
});

describe.runIf(process.platform === 'linux')('portable, on Linux', () => {
  describeConformance(() => createPortableSource(), { udp: false, inode: false, v6only: false });
});

describe('the choice of a source', () => {
  const failing = (name: SocketSource['name'], code: 'source-unsupported' | 'source-failed'): SocketSource => ({
    name,
    dump: () => Promise.reject(new PortreeveError(code, `${name} says no`)),
  });
  const working: SocketSource = { name: 'procfs', dump: () => Promise.resolve({ sockets: [], gaps: [] }) };

  it('falls back where a source is not supported here, and says so', async () => {
    const { source, dump } = await readSockets([failing('netlink', 'source-unsupported'), working], null);
    expect(source.name).toBe('procfs');
    expect(dump.gaps).toMatchObject([{ code: 'source-fallback', hides: 'details' }]);
    expect(dump.gaps[0]?.detail).toContain('netlink says no');
  });

  it('does not fall back on any other failure', async () => {
    await expect(readSockets([failing('netlink', 'source-failed'), working], null)).rejects.toMatchObject({ code: 'source-failed', message: 'netlink says no' });
    const bug: SocketSource = { name: 'netlink', dump: () => Promise.reject(new TypeError('a bug')) };
    await expect(readSockets([bug, working], null)).rejects.toThrow(TypeError);
  });

  it('uses the forced source alone', async () => {
    await expect(readSockets([failing('netlink', 'source-unsupported'), working], 'netlink')).rejects.toMatchObject({ code: 'source-unsupported' });
    expect((await readSockets([failing('netlink', 'source-unsupported'), working], 'procfs')).dump.gaps).toEqual([]);
  });

  it('fails, rather than reporting nothing, where no source works', async () => {
    await expect(readSockets([failing('netlink', 'source-unsupported'), failing('procfs', 'source-unsupported')], null)).rejects.toMatchObject({ code: 'source-failed' });
  });
});
