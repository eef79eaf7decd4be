import { describe, expect, it } from 'vitest';
import type { PortreeveError } from '../../../src/model/errors.ts';
import { decodeGenericFamily, decodeWireguardPort, dumpLinks, parseNfsPortlist } from '../../../src/sources/netlink/kernel-services.ts';
import { DIAG_TABLES, type DiagTable } from '../../../src/sources/netlink/sock-diag.ts';
import type { Family } from '../../../src/model/socket.ts';
import type { NetlinkTransport } from '../../../src/native/netlink-socket.ts';
import { createTableMemory, type TableReading } from '../../../src/sources/netlink/table-memory.ts';
import { datagramsOf } from '../../fixtures/netlink/captured.ts';
import { fakeKernel, int32, message } from './fake-kernel.ts';

const [TCP, UDP] = DIAG_TABLES as [DiagTable, DiagTable];
const DONE = 3;
const ERROR = 2;
const DUMP_INTERRUPTED = 0x10;

const whole = datagramsOf('tcp-ipv4').datagrams;
const done = message(DONE, 2, int32(0));

function dumpTable(transport: NetlinkTransport, table: DiagTable, family: Family): TableReading {
  return createTableMemory(table, family).read(transport);
}

describe('a dump over netlink', () => {
  it('is read to its end at the first attempt', () => {
    const kernel = fakeKernel([whole]);
    const { sockets, gaps } = dumpTable(kernel, TCP, 'ipv4');
    expect(sockets).toHaveLength(4);
    expect(gaps).toEqual([]);
    expect(kernel.requests).toHaveLength(1);
  });

  it('starts again when the kernel says that the table changed, and keeps nothing of the broken attempt', () => {
    const kernel = fakeKernel([[...whole.slice(0, -1), message(DONE, DUMP_INTERRUPTED, int32(0))], [done]]);
    const { sockets, gaps } = dumpTable(kernel, TCP, 'ipv4');
    expect(kernel.requests).toHaveLength(2);
    expect(sockets).toEqual([]);
    expect(gaps).toEqual([]);
  });

  it('states an interruption that does not end, and gives what it has', () => {
    const broken = [...whole.slice(0, -1), message(DONE, DUMP_INTERRUPTED, int32(0))];
    const kernel = fakeKernel([broken, broken, broken, broken]);
    const { gaps } = dumpTable(kernel, TCP, 'ipv4');
    expect(kernel.requests).toHaveLength(4);
    expect(gaps).toMatchObject([{ code: 'dump-interrupted', hides: 'listeners', count: 1 }]);
  });

  it('detects a truncated message and reads the dump again', () => {
    const kernel = fakeKernel([[{ kind: 'truncated' }, done], whole]);
    expect(dumpTable(kernel, TCP, 'ipv4')).toMatchObject({ gaps: [], sockets: { length: 4 } });
    const hopeless = [{ kind: 'truncated' as const }, done];
    expect(dumpTable(fakeKernel([hopeless, hopeless, hopeless, hopeless]), TCP, 'ipv4').gaps).toMatchObject([{ code: 'dump-truncated' }]);
  });

  it('reads again when the kernel dropped messages, and says so when it keeps doing it', () => {
    const lost = [{ kind: 'lost' as const, reason: 'the kernel dropped messages (ENOBUFS)' }];
    expect(dumpTable(fakeKernel([lost, whole]), TCP, 'ipv4').sockets).toHaveLength(4);
    const { gaps } = dumpTable(fakeKernel([lost, lost, lost, lost]), TCP, 'ipv4');
    expect(gaps).toMatchObject([{ code: 'dump-interrupted' }]);
    expect(gaps[0]?.detail).toContain('ENOBUFS');
  });

  it('surfaces an error inside DONE', () => {
    const { gaps } = dumpTable(fakeKernel([[message(DONE, 2, int32(-22))]]), UDP, 'ipv4');
    expect(gaps).toMatchObject([{ code: 'protocol-unavailable', hides: 'listeners' }]);
    expect(gaps[0]?.detail).toContain('EINVAL');
  });

  it('is "not supported here" where the kernel has no answer for TCP, and for nothing else', () => {
    const refused = [message(ERROR, 0, [...int32(-2), ...new Array<number>(16).fill(0)])];
    expect(() => dumpTable(fakeKernel([refused]), TCP, 'ipv4')).toThrow(expect.objectContaining({ code: 'source-unsupported' }) as PortreeveError);
    expect(dumpTable(fakeKernel([refused]), UDP, 'ipv6').gaps).toMatchObject([{ code: 'protocol-unavailable' }]);
  });

  it('counts messages that it cannot understand', () => {
    const { gaps, sockets } = dumpTable(fakeKernel([[message(20, 2, [1, 2, 3, 4]), done]]), TCP, 'ipv4');
    expect(sockets).toEqual([]);
    expect(gaps).toMatchObject([{ code: 'rows-unreadable', count: 1, hides: 'listeners' }]);
  });

  it('does not mistake a late answer to an earlier request for its own', () => {
    const kernel = fakeKernel([[done]]);
    const stale = { ...kernel, receive: (): ReturnType<typeof kernel.receive> => (first ? ((first = false), { kind: 'bytes', bytes: whole[0]! }) : kernel.receive()) };
    let first = true;
    expect(dumpTable(stale, TCP, 'ipv4').sockets).toEqual([]);
  });
});

describe('ports that the kernel itself serves', () => {
  it('reads the port of a VXLAN interface from a real answer of the kernel', () => {
    const links = dumpLinks(fakeKernel([datagramsOf('links').datagrams]));
    expect(links).toContainEqual({ name: 'vx0', kind: 'vxlan', up: false, port: 4789 });
    expect(links).toContainEqual({ name: 'lo', kind: null, up: true, port: null });
  });

  it('reads the families of generic netlink from a real answer of the kernel', () => {
    const { sequence, datagrams } = datagramsOf('generic-families');
    const names: string[] = [];
    for (const datagram of datagrams) {
      let offset = 0;
      const view = new DataView(datagram.buffer);
      while (offset + 16 <= datagram.length) {
        const length = view.getUint32(offset, true);
        if (view.getUint16(offset + 4, true) === 16) names.push(decodeGenericFamily(datagram.subarray(offset + 16, offset + length))?.name ?? '?');
        offset += (length + 3) & ~3;
      }
    }
    expect(sequence).toBe(108);
    expect(names).toContain('nlctrl');
    expect(names).not.toContain('?');
  });

  it('reads a WireGuard port (WGDEVICE_A_LISTEN_PORT, two bytes in host order) and passes over the keys', () => {
    const key = [36, 0, 3, 0, ...new Array<number>(32).fill(7)];
    expect(decodeWireguardPort(Uint8Array.of(0, 1, 0, 0, ...key, 6, 0, 6, 0, 0x6c, 0xca, 0, 0))).toBe(51_820);
    expect(decodeWireguardPort(Uint8Array.of(0, 1, 0, 0, ...key))).toBeNull();
  });

  it('reads the port list of the NFS server', () => {
    expect(parseNfsPortlist('rdma 20049\nudp 2049\ntcp 2049\ntcp 99999\nnonsense\n')).toEqual([
      { protocol: 'udp', port: 2049 },
      { protocol: 'tcp', port: 2049 },
    ]);
  });
});
