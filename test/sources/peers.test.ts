import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConnectedPeers, PeerQuestion, PeerReading } from '../../src/model/peers.ts';
import { readNetlinkPeers } from '../../src/sources/netlink/peers.ts';
import { readProcfsPeers } from '../../src/sources/procfs/peers.ts';

const READERS: readonly (readonly [string, (question: PeerQuestion) => PeerReading])[] = [
  ['netlink', readNetlinkPeers],
  ['procfs', (question) => readProcfsPeers(question, '/proc')],
];

/** The kernel's answers about real connections of this very process; its filter has to take the program. */
describe.runIf(process.platform === 'linux')('peers of real sockets', () => {
  const open: (Server | Socket | TcpSocket)[] = [];
  let server: number;
  let quiet: number;
  let udp: number;

  beforeAll(async () => {
    server = await listen();
    quiet = await listen();
    await dial(server, '127.0.0.1');
    await dial(server, '127.0.0.1');
    await dial(server, '127.0.0.1', '127.0.0.9');
    await dial(server, '::1');
    await dial(quiet, '::1');
    const left = await dial(server, '127.0.0.1', '127.0.0.8');
    await new Promise<void>((resolve) => left.once('close', () => { resolve(); }).resetAndDestroy());
    udp = await connectUdp();
  });
  afterAll(() => {
    for (const each of open) if ('destroy' in each) each.destroy(); else each.close();
  });

  function listen(): Promise<number> {
    const each = createServer((socket) => {
      open.push(socket);
      socket.on('error', () => undefined);
    });
    open.push(each);
    return new Promise((resolve, reject) => each.once('error', reject).listen(0, '::', () => { resolve((each.address() as AddressInfo).port); }));
  }

  function dial(port: number, host: string, localAddress?: string): Promise<TcpSocket> {
    const socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) });
    open.push(socket);
    return new Promise((resolve, reject) => socket.once('error', reject).once('connect', () => { resolve(socket); }));
  }

  function connectUdp(): Promise<number> {
    const socket = createSocket('udp4');
    open.push(socket);
    return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => { socket.connect(9, '127.0.0.7', () => { resolve(socket.address().port); }); }));
  }

  const read = (reader: (question: PeerQuestion) => PeerReading, question: PeerQuestion): readonly ConnectedPeers[] => {
    const { peers, gaps } = reader(question);
    expect(gaps).toEqual([]);
    return peers;
  };

  describe.each(READERS)('by %s', (_name, reader) => {
    it('are counted by address, without the one that left', () => {
      expect(read(reader, { ports: [server, server], protocols: ['tcp'] })).toEqual([
        { protocol: 'tcp', total: 4, addresses: 3, top: [{ address: '127.0.0.1', connections: 2 }, { address: '127.0.0.9', connections: 1 }, { address: '::1', connections: 1 }] },
      ]);
    });

    it('are those of this port and of no other', () => {
      expect(read(reader, { ports: [quiet, quiet], protocols: ['tcp'] })).toMatchObject([{ total: 1, top: [{ address: '::1' }] }]);
      const [from, to] = [Math.min(server, quiet), Math.max(server, quiet)];
      expect(read(reader, { ports: [from, to], protocols: ['tcp'] })[0]?.total).toBeGreaterThanOrEqual(5);
    });

    it('are connected UDP sockets too', () => {
      expect(read(reader, { ports: [udp, udp], protocols: ['tcp', 'udp'] })).toMatchObject([{ protocol: 'tcp', total: 0 }, { protocol: 'udp', total: 1, top: [{ address: '127.0.0.7', connections: 1 }] }]);
    });
  });
});
