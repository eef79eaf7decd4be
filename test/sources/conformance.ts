import { createSocket, type Socket } from 'node:dgram';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SocketRecord, SocketSource } from '../../src/model/socket.ts';

/** What a source cannot do by its nature; it must say so in its coverage, and is then not asked for it. */
export interface Limits {
  readonly udp: boolean;
  readonly inode: boolean;
  readonly v6only: boolean;
}

/** Every source passes these, against real sockets of this very process. */
export function describeConformance(create: () => SocketSource, limits: Limits): void {
  describe('against the sockets of this process', () => {
    const open: (Server | Socket)[] = [];
    const ports: Record<string, number> = {};
    let sockets: readonly SocketRecord[] = [];
    let gapCodes: readonly string[] = [];

    const at = (name: string, protocol = 'tcp') => sockets.filter((socket) => socket.protocol === protocol && socket.port === ports[name]);

    beforeAll(async () => {
      const listen = async (name: string, host: string, ipv6Only = false, port = 0) => {
        const server = createServer();
        open.push(server);
        await new Promise<void>((resolve, reject) => server.once('error', reject).listen({ host, port, ipv6Only }, resolve));
        ports[name] = (server.address() as AddressInfo).port;
        return ports[name];
      };
      const bind = async (name: string, type: 'udp4' | 'udp6', address: string) => {
        const socket = createSocket({ type, ipv6Only: false });
        open.push(socket);
        await new Promise<void>((resolve) => socket.bind(0, address, resolve));
        ports[name] = socket.address().port;
        return socket;
      };
      await listen('tcp4-loopback', '127.0.0.1');
      await listen('tcp4-wildcard', '0.0.0.0');
      await listen('tcp6-loopback', '::1');
      await listen('tcp6-dual', '::');
      await listen('tcp6-only', '::', true);
      const shared = await listen('tcp4-several', '127.0.0.2');
      await listen('tcp4-several', '127.0.0.3', false, shared);
      await bind('udp4', 'udp4', '127.0.0.1');
      await bind('udp6', 'udp6', '::1');
      const connected = await bind('udp4-connected', 'udp4', '127.0.0.1');
      await new Promise<void>((resolve) => {
        connected.connect(ports['udp4'] ?? 0, '127.0.0.1', () => {
          resolve();
        });
      });
      const dump = await create().dump();
      sockets = dump.sockets;
      gapCodes = dump.gaps.map((gap) => gap.code);
    });

    afterAll(() => {
      for (const each of open) each.close();
    });

    it('sees TCP listeners over IPv4 and IPv6, on loopback and wildcard', () => {
      expect(at('tcp4-loopback')).toMatchObject([{ family: 'ipv4', address: '127.0.0.1' }]);
      expect(at('tcp4-wildcard')).toMatchObject([{ family: 'ipv4', address: '0.0.0.0' }]);
      expect(at('tcp6-loopback')).toMatchObject([{ family: 'ipv6', address: '::1' }]);
      expect(at('tcp6-dual')).toMatchObject([{ family: 'ipv6', address: '::' }]);
    });

    it('sees each address that shares a port', () => {
      expect(at('tcp4-several').map((socket) => socket.address).sort()).toEqual(['127.0.0.2', '127.0.0.3']);
    });

    it('tells dual-stack from IPv6-only, or says that it cannot', () => {
      if (limits.v6only) {
        expect(at('tcp6-dual')[0]?.v6only).toBe(false);
        expect(at('tcp6-only')[0]?.v6only).toBe(true);
      } else {
        expect(at('tcp6-dual')[0]?.v6only).toBeNull();
        expect(gapCodes).toContain('details-unavailable');
      }
    });

    it('sees UDP sockets that are bound and not connected, or says that it cannot', () => {
      if (limits.udp) {
        expect(at('udp4', 'udp')).toMatchObject([{ family: 'ipv4', address: '127.0.0.1' }]);
        expect(at('udp6', 'udp')).toMatchObject([{ family: 'ipv6', address: '::1' }]);
        expect(at('udp4-connected', 'udp')).toEqual([]);
      } else {
        expect(sockets.filter((socket) => socket.protocol === 'udp')).toEqual([]);
        expect(gapCodes).toContain('udp-unseen');
      }
    });

    it('gives an inode and the uid of this process, or a holder', () => {
      const socket = at('tcp4-loopback')[0];
      if (limits.inode) {
        expect(socket?.inode).toBeGreaterThan(0);
        expect(socket?.uid).toBe(process.getuid?.());
      } else {
        expect(socket?.holder?.pid).toBe(process.pid);
        expect(gapCodes).toContain('details-unavailable');
      }
    });
  });
}
