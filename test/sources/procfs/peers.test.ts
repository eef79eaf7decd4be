import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LITTLE_ENDIAN } from '../../../src/sources/byte-order.ts';
import { readProcfsLocalEnds, readProcfsPeers, tallyPeerRows } from '../../../src/sources/procfs/peers.ts';
import { countPeers, startTally } from '../../../src/sources/tally-peers.ts';

const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
/** A row as a little-endian kernel prints it. */
const row = (port: string, peer: string, state: string): string => `   0: 0100007F:${port} ${peer}:D431 ${state} 00000000:00000000 00:00000000 00000000     0        0 4711 1`;

describe.runIf(LITTLE_ENDIAN)('tallyPeerRows', () => {
  const count = (lines: readonly string[], family: 'ipv4' | 'ipv6' = 'ipv4', protocol: 'tcp' | 'udp' = 'tcp'): ReturnType<typeof countPeers> & { unreadable: number } => {
    const tally = startTally();
    const unreadable = tallyPeerRows(lines, protocol, family, [0x16, 0x16], tally);
    return { unreadable, ...countPeers(protocol, [tally]) };
  };

  it('counts connected sockets on the port: not listeners, half-open ones, TIME_WAIT, other ports', () => {
    const lines = [HEADER, row('0016', '070200C0', '01'), row('0016', '070200C0', '08'), row('0016', '090200C0', '0A'), row('0016', '090200C0', '03'), row('0016', '090200C0', '06'), row('1016', '090200C0', '01'), ''];
    expect(count(lines)).toEqual({ unreadable: 0, protocol: 'tcp', total: 2, addresses: 1, top: [{ address: '192.0.2.7', connections: 2 }] });
  });

  it('reads IPv6, and an IPv4 peer of a dual-stack socket as IPv4', () => {
    const local = '0'.repeat(32);
    const lines = ['B80D0120000000000000000001000000', '0000000000000000FFFF0000070200C0'].map((peer) => row('0016', peer, '01').replace('0100007F', local));
    expect(count(lines, 'ipv6').top.map(({ address }) => address)).toEqual(['192.0.2.7', '2001:db8::1']);
  });

  it('takes a connected UDP socket, and not one that anyone may write to', () => {
    expect(count([row('0016', '070200C0', '01'), row('0016', '00000000', '07')], 'ipv4', 'udp')).toMatchObject({ total: 1 });
  });

  it('counts rows that it cannot read, and never fails', () => {
    expect(count(['nonsense', row('0016', '0702', '01'), row('0016', '070200C0', '01')])).toMatchObject({ unreadable: 2, total: 1 });
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 200 })), (lines) => {
        const { total, unreadable } = count(lines);
        expect(total + unreadable).toBeLessThanOrEqual(lines.length);
      }),
      { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 200) },
    );
  });
});

describe.runIf(LITTLE_ENDIAN)('readProcfsPeers', () => {
  let proc: string;
  beforeAll(() => {
    proc = mkdtempSync(join(tmpdir(), 'portreeve-peers-'));
    for (const folder of ['net', '42/net', '42/ns']) mkdirSync(join(proc, folder), { recursive: true });
    writeFileSync(join(proc, 'net/tcp'), [HEADER, row('0016', '070200C0', '01'), ''].join('\n'));
    writeFileSync(join(proc, '42/net/tcp'), [HEADER, row('0016', '080200C0', '01'), 'broken', ''].join('\n'));
  });
  afterAll(() => {
    rmSync(proc, { recursive: true });
  });

  it('reads the own namespace, and takes a kernel without IPv6 for no gap', () => {
    expect(readProcfsPeers({ ports: [22, 22], protocols: ['tcp'] }, proc)).toEqual({ peers: [{ protocol: 'tcp', total: 1, addresses: 1, top: [{ address: '192.0.2.7', connections: 1 }] }], gaps: [] });
  });

  it('reads the namespace of a process, and tells of rows that it could not read', () => {
    const { peers, gaps } = readProcfsPeers({ ports: [22, 22], protocols: ['tcp'] }, proc, join(proc, '42/ns/net'));
    expect(peers[0]?.top).toEqual([{ address: '192.0.2.8', connections: 1 }]);
    expect(gaps).toMatchObject([{ code: 'rows-unreadable', count: 1, hides: 'details' }]);
  });

  it('has no entry for a protocol that has no table', () => {
    expect(readProcfsPeers({ ports: [22, 22], protocols: ['udp'] }, proc).peers).toEqual([]);
  });
});

describe.runIf(LITTLE_ENDIAN)('readProcfsLocalEnds', () => {
  let proc: string;

  beforeAll(() => {
    proc = mkdtempSync(join(tmpdir(), 'portreeve-local-ends-'));
    mkdirSync(join(proc, 'net'));
    writeFileSync(join(proc, 'net/tcp'), [HEADER, row('0016', '070200C0', '01'), row('0016', '090200C0', '0A'), row('1016', '090200C0', '01'), ''].join('\n'));
  });

  afterAll(() => {
    rmSync(proc, { recursive: true, force: true });
  });

  it('names the local end of each connection to the wanted ports', () => {
    const question = { ports: [22, 22] as const, protocols: ['tcp' as const] };
    expect(readProcfsLocalEnds(question, new Set([0x16]), proc)).toEqual(new Set(['tcp 127.0.0.1 22']));
    expect(readProcfsLocalEnds(question, new Set([80]), proc)).toEqual(new Set());
  });

  it('knows nothing of a process that has left, whose tables are gone', () => {
    expect(readProcfsLocalEnds({ ports: [22, 22], protocols: ['tcp'] }, new Set([22]), proc, join(proc, '77/ns/net'))).toBeNull();
  });

  it('knows nothing where a row cannot be understood', () => {
    writeFileSync(join(proc, 'net/tcp6'), `${HEADER}\nnonsense\n`);
    expect(readProcfsLocalEnds({ ports: [22, 22], protocols: ['tcp'] }, new Set([22]), proc)).toBeNull();
  });
});
