import { endianness } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePortList, parsePortRange } from '../../../src/sources/procfs/ephemeral-ports.ts';
import { parseSctpEndpoints, parseSocketRows, SOCKET_TABLES, type SocketTable } from '../../../src/sources/procfs/socket-table.ts';

const tableOf = (file: string): SocketTable => SOCKET_TABLES.find((table) => table.file === file)!;
const fuzz = { seed: 1, numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) };

// Rows as Linux 6.18 on x86-64 prints them.
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode                                                     
   0: 0100007F:0516 00000000:0000 0A 00000000:00000000 00:00000000 00000000   110        0 4711 1 0000000000000000 100 0 0 10 0                      
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000000000000000 100 0 0 10 0                      
   2: 0100007F:0016 0100007F:C000 01 00000000:00000000 02:000A7214 00000000     0        0 4713 2 0000000000000000 20 4 30 10 -1                     
   3: 00000000:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4714 1 0000000000000000 100 0 0 10 0                      `;

const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 5711 1 0000000000000000 100 0 0 10 0
   1: 000080FE00000000FF005450B6AD1DFE:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 5712 1 0000000000000000 100 0 0 10 0`;

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops             
 3213: 3500007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   991        0 6711 2 0000000000000000 0         
 4200: 0100007F:D431 0100007F:0035 01 00000000:00000000 00:00000000 00000000  1000        0 6712 2 0000000000000000 0         `;

const RAW = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
    1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 7711 2 0000000000000000 0`;

describe.runIf(endianness() === 'LE')('rows of /proc/net', () => {
  it('gives TCP listeners and stops at the first row that is none', () => {
    const { sockets, unreadable, pastListeners } = parseSocketRows(TCP.split('\n'), tableOf('tcp'));
    expect(sockets.map(({ address, port, uid, inode }) => [address, port, uid, inode])).toEqual([
      ['127.0.0.1', 1302, 110, 4711],
      ['0.0.0.0', 22, 0, 4712],
    ]);
    expect({ unreadable, pastListeners }).toEqual({ unreadable: 0, pastListeners: true });
  });

  it('reads IPv6 addresses, which are printed as four words in host order', () => {
    const { sockets } = parseSocketRows(TCP6.split('\n'), tableOf('tcp6'));
    expect(sockets.map(({ address, port, v6only }) => [address, port, v6only])).toEqual([
      ['::', 80, null],
      ['fe80::5054:ff:fe1d:adb6', 443, null],
    ]);
  });

  it('gives unconnected UDP sockets only', () => {
    const { sockets, unreadable } = parseSocketRows(UDP.split('\n'), tableOf('udp'));
    expect(sockets.map(({ address, port, uid }) => [address, port, uid])).toEqual([['127.0.0.53', 53, 991]]);
    expect(unreadable).toBe(0);
  });

  it('gives raw sockets with their IP protocol', () => {
    expect(parseSocketRows(RAW.split('\n'), tableOf('raw')).sockets).toMatchObject([{ protocol: 'raw', port: 1, inode: 7711 }]);
  });

  it('counts bad rows and goes on after them', () => {
    const rows = ['garbage', '   0: 0100007F:0516', '   1: 0100007F0:0016 0:0 0A', ...TCP.split('\n').slice(1, 2), '\0\0\0'];
    const { sockets, unreadable } = parseSocketRows(rows, tableOf('tcp'));
    expect(sockets).toHaveLength(1);
    expect(unreadable).toBe(4);
  });

  it('counts an IPv4 row in an IPv6 table as bad', () => {
    expect(parseSocketRows(TCP.split('\n').slice(1, 2), tableOf('tcp6'))).toMatchObject({ sockets: [], unreadable: 1 });
  });

  it('never throws, and never gives a port or an inode that cannot be', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SOCKET_TABLES), fc.array(fc.oneof(fc.string(), mutated(TCP), mutated(TCP6), mutated(UDP)), { maxLength: 6 }), (table, lines) => {
        for (const socket of parseSocketRows(lines, table).sockets) {
          expect(socket.port).toBeLessThanOrEqual(65_535);
          expect(Number.isSafeInteger(socket.inode)).toBe(true);
        }
      }),
      fuzz,
    );
  });
});

function mutated(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...text.split('\n')), fc.nat(200), fc.string({ maxLength: 3 }))
    .map(([line, at, piece]) => line.slice(0, at) + piece + line.slice(at + piece.length));
}

// As net/sctp/proc.c prints it: endpoint, socket, style, state, hash bucket, port, uid, inode, addresses.
const SCTP = ` ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS
ffff9f3c0a5d1c00 ffff9f3c0b6a8000 2   10  12   36412  1001 81234 10.0.0.5 fd00:0000:0000:0000:0000:0000:0000:0005 
ffff9f3c0a5d1d00 ffff9f3c0b6a9000 0   7   13   36413     0 81235 10.0.0.5 `;

describe('/proc/net/sctp/eps', () => {
  it('gives a record for each address of a listening endpoint', () => {
    const { sockets, unreadable } = parseSctpEndpoints(SCTP.split('\n'));
    expect(sockets.map(({ protocol, family, address, port, uid, inode }) => [protocol, family, address, port, uid, inode])).toEqual([
      ['sctp', 'ipv4', '10.0.0.5', 36_412, 1001, 81_234],
      ['sctp', 'ipv6', 'fd00::5', 36_412, 1001, 81_234],
    ]);
    expect(unreadable).toBe(0);
  });

  it('counts rows that are none', () => {
    expect(parseSctpEndpoints(['x', 'a b 2 10 1 99999 0 1 10.0.0.1'])).toMatchObject({ sockets: [], unreadable: 2 });
  });

  it('survives anything', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), mutated(SCTP))), (lines) => parseSctpEndpoints(lines).sockets.every(({ port }) => port <= 65_535)), fuzz);
  });
});

describe('the ephemeral range', () => {
  it('is two ports in order', () => {
    expect(parsePortRange('32768\t60999\n')).toEqual([32_768, 60_999]);
    expect(parsePortRange('60999 32768')).toBeNull();
    expect(parsePortRange('1 65536')).toBeNull();
    expect(parsePortRange('')).toBeNull();
  });

  it('has reservations as ports and ranges', () => {
    expect(parsePortList('8080,9148-9150\n')).toEqual([
      [8080, 8080],
      [9148, 9150],
    ]);
    expect(parsePortList('\n')).toEqual([]);
    expect(parsePortList('9-3,x,70000,5')).toEqual([[5, 5]]);
  });
});
