// Both as a client only: portreeve opens no port. `test/direction.test.ts` holds the whole of `src/` to that.
import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { bareHost, decodeCredential, portOf, proxyCredentials } from './proxy.ts';
import type { TransferClock } from './transfer-clock.ts';
import { describeFault, transferFailed } from './transfer-errors.ts';

export interface ExchangeOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates (PEM) of the issuers to trust; absent: those that Node trusts by itself. */
  readonly ca?: readonly string[];
  readonly proxy: URL | null;
  readonly clock: TransferClock;
}

/**
 * Sends one GET and gives the answer as soon as its head is there. The body is for the caller to read or to destroy.
 * @throws PortreeveError `update-failed`
 */
export async function exchange(url: URL, options: ExchangeOptions): Promise<IncomingMessage> {
  const { clock, proxy } = options;
  clock.connecting(url);
  if (proxy === null) return send(url, startRequest(url, directly(url, options)), clock);
  if (url.protocol === 'http:') return send(url, startRequest(proxy, throughProxy(url, proxy, options)), clock);
  const socket = await openTunnel(url, proxy, options);
  return send(url, requestHttps({ ...directly(url, options), createConnection: () => socket }), clock);
}

function startRequest(url: URL, options: RequestOptions): ClientRequest {
  return url.protocol === 'https:' ? requestHttps(options) : requestHttp(options);
}

function directly(url: URL, { headers, ca, clock }: ExchangeOptions): RequestOptions & { ca?: string[]; rejectUnauthorized: true } {
  return {
    host: bareHost(url),
    port: portOf(url),
    path: url.pathname + url.search,
    headers: { host: url.host, ...headers },
    ...(url.username === '' ? {} : { auth: `${decodeCredential(url.username)}:${decodeCredential(url.password)}` }),
    signal: clock.signal,
    ...trust(ca),
  };
}

/** Explicitly on: NODE_TLS_REJECT_UNAUTHORIZED=0 of some other program in the environment must not turn it off. */
function trust(ca: readonly string[] | undefined): { ca?: string[]; rejectUnauthorized: true } {
  return { rejectUnauthorized: true, ...(ca === undefined ? {} : { ca: [...ca] }) };
}

/** Plain HTTP goes through a proxy with the whole address in the place of the path (RFC 9112, section 3.2.2). */
function throughProxy(url: URL, proxy: URL, options: ExchangeOptions): RequestOptions {
  const target = new URL(url);
  target.username = '';
  target.password = '';
  const direct = directly(url, options);
  return { ...direct, host: bareHost(proxy), port: portOf(proxy), path: target.href, headers: { host: url.host, ...options.headers, ...proxyCredentials(proxy) } };
}

/** A TLS connection to the server inside a tunnel that the proxy opens (RFC 9110, section 9.3.6). */
async function openTunnel(url: URL, proxy: URL, { ca, clock }: ExchangeOptions): Promise<TLSSocket> {
  const authority = `${url.hostname}:${portOf(url)}`;
  const request = startRequest(proxy, {
    method: 'CONNECT',
    host: bareHost(proxy),
    port: portOf(proxy),
    path: authority,
    headers: { host: authority, ...proxyCredentials(proxy) },
    agent: false,
    signal: clock.signal,
    ...trust(ca),
  });
  const tunnel = await new Promise<Duplex>((resolve, reject) => {
    const refuse = (status: number | undefined): void => {
      request.destroy();
      const hint = status === 407 ? 'It wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT.' : 'Check HTTPS_PROXY, or except the address with NO_PROXY.';
      reject(transferFailed(url, `the proxy ${proxy.host} does not let it through (status ${status ?? 'unknown'})`, hint));
    };
    request.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) resolve(socket);
      else refuse(statusCode);
    });
    request.once('response', ({ statusCode }) => {
      refuse(statusCode);
    });
    request.once('error', (error: unknown) => {
      reject(clock.signal.aborted ? (clock.signal.reason as Error) : proxyFault(url, proxy, error));
    });
    request.end();
  });
  const host = bareHost(url);
  // A name for the server (SNI) must not be an address (RFC 6066, section 3); the certificate is compared with either.
  return connect({ socket: tunnel, host, ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }), ...trust(ca) });
}

function proxyFault(url: URL, proxy: URL, error: unknown): Error {
  const { message } = describeFault(proxy, error);
  const what = message.slice(message.indexOf(': ') + 2);
  return transferFailed(url, `by way of the proxy ${proxy.host}: ${what}`, 'Check HTTPS_PROXY and HTTP_PROXY, or except the address with NO_PROXY.', error);
}

function send(url: URL, request: ClientRequest, clock: TransferClock): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once('socket', (socket) => {
      const alive = (): void => {
        clock.alive(url);
      };
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', alive);
      socket.on('data', alive);
    });
    request.once('response', (response) => {
      clock.alive(url);
      resolve(response);
    });
    request.once('error', (error) => {
      reject(clock.signal.aborted ? (clock.signal.reason as Error) : describeFault(url, error));
    });
    request.end();
  });
}
