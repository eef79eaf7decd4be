import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { makeCertificate, type Authority, type Identity } from './make-certificate.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  readonly server: Server;
  /** `https://localhost:PORT`, without a slash at the end. */
  readonly origin: string;
  readonly port: number;
  /** What was asked, oldest first. */
  readonly requests: readonly IncomingMessage[];
  /** Answers from now on. */
  handle(handler: Handler): void;
  close(): Promise<void>;
}

/** The authority that signs what the servers of a test show, and an identity for `localhost` and `registry.test`. */
export function makeTrust(): { readonly authority: Authority; readonly identity: Identity } {
  const authority = makeCertificate({ name: 'portreeve test authority' });
  return { authority, identity: makeCertificate({ name: 'localhost', hosts: ['localhost', 'registry.test', '127.0.0.1'], issuer: authority }) };
}

/** A server on a free port of 127.0.0.1: HTTPS with an identity, else HTTP. */
export async function startServer(identity: Identity | null): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  let handler: Handler = (_, response) => response.writeHead(404).end();
  const answer: Handler = (request, response) => {
    requests.push(request);
    handler(request, response);
  };
  const server: Server = identity === null ? createHttpServer(answer) : createHttpsServer(identity, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server,
    origin: `${identity === null ? 'http' : 'https'}://localhost:${port}`,
    port,
    requests,
    handle(next) {
      handler = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

export interface TestProxy extends TestServer {
  /** What a tunnel was asked for. */
  readonly tunnels: readonly Tunnel[];
}

interface Tunnel {
  readonly authority: string;
  readonly authorization: string | undefined;
}

/** A proxy whose tunnels all lead to one port of this host. `deny`: the status by which it refuses every one. */
export async function startProxy(targetPort: number, deny: number | null = null): Promise<TestProxy> {
  const plain = await startServer(null);
  const tunnels: Tunnel[] = [];
  plain.server.on('connect', (request: IncomingMessage, socket: Socket) => {
    tunnels.push({ authority: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    socket.on('error', () => undefined);
    if (deny !== null) {
      socket.end(`HTTP/1.1 ${deny} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const target = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    // Not by force at the end of the test: it is for the client to leave no tunnel open.
    socket.on('close', () => target.destroy());
    target.on('close', () => socket.destroy());
  });
  return { ...plain, tunnels };
}
