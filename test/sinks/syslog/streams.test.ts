import { readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SYSTEM_CLOCK } from '../../../src/model/clock.ts';
import type { SyslogSinkConfig } from '../../../src/model/config.ts';
import { createTransport } from '../../../src/sinks/create-transport.ts';
import type { Channel, Patience } from '../../../src/sinks/transport.ts';
import { makeCertificates, type Certificates, type KeyPair, MISSING_FOR_CERTIFICATES } from '../certificates.ts';
import { anEvent, aSyslogSink, fakeLogger } from '../fakes.ts';
import { parseRfc5424 } from './parse-rfc5424.ts';

const QUICK: Patience = { connect: 2000, stall: 200, close: 200, refusal: 100 };
const NEVER = new AbortController().signal;
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A receiver on loopback; `serve` is called with each connection. */
async function listen(server: Server, serve: (socket: Socket) => void, event = 'connection'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function collect(into: Buffer[]): (socket: Socket) => void {
  return (socket) => socket.on('data', (bytes) => into.push(bytes));
}

function open(config: Partial<SyslogSinkConfig>, broken: () => void = () => undefined): Promise<Channel> {
  return createTransport(aSyslogSink(config), { clock: SYSTEM_CLOCK, logger: fakeLogger(), patience: QUICK }).open(broken, NEVER);
}

const batch = (count: number) => Array.from({ length: count }, (_, index) => ({ event: anEvent({ sequence: index + 1 }), possibleDuplicate: false }));

/** Splits what arrived by octet counting. */
function unframe(bytes: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    messages.push(bytes.subarray(space + 1, space + 1 + length));
    at = space + 1 + length;
  }
  return messages;
}

describe('syslog over TCP', () => {
  it('counts octets, and takes the end of the receiver as proof', async () => {
    const arrived: Buffer[] = [];
    const channel = await open({ port: await listen(createServer(), collect(arrived)) });
    expect(await channel.send(batch(300), NEVER)).toEqual({ taken: 300, attempted: 300, error: null });
    expect(await channel.close(NEVER)).toBe(true);
    const messages = unframe(Buffer.concat(arrived)).map(parseRfc5424);
    expect(messages.map(({ params }) => Number(params['sequence']))).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(channel.facts).toMatchObject({ address: '127.0.0.1' });
  });

  it('ends each message with a line feed where that is what the receiver knows', async () => {
    const arrived: Buffer[] = [];
    const channel = await open({ framing: 'newline', port: await listen(createServer(), collect(arrived)) });
    await channel.send(batch(3), NEVER);
    await channel.close(NEVER);
    const lines = Buffer.concat(arrived).toString().split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => parseRfc5424(Buffer.from(line)).params['sequence'])).toEqual(['1', '2', '3']);
  });

  it('says why there is no connection', async () => {
    const port = await listen(createServer(), () => undefined);
    closers.splice(0).forEach((close) => { close(); });
    await expect(open({ port })).rejects.toThrow(/ECONNREFUSED/);
    await expect(open({ host: 'no-such-host.invalid', port })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/);
  });

  it('hears of a connection that the receiver breaks, also between two batches', async () => {
    const sockets: Socket[] = [];
    let rung = (): void => undefined;
    const broke = new Promise<void>((resolve) => { rung = resolve; });
    const channel = await open({ port: await listen(createServer(), (socket) => sockets.push(socket)) }, () => { rung(); });
    await channel.send(batch(1), NEVER);
    sockets[0]?.resetAndDestroy();
    await broke;
    expect(channel.broken).toMatch(/ECONNRESET/);
    expect(await channel.close(NEVER)).toBe(false);
    expect((await channel.send(batch(1), NEVER)).taken).toBe(0);
  });

  it('does not take a receiver for one that has read because it closed first', async () => {
    let rung = (): void => undefined;
    const broke = new Promise<void>((resolve) => { rung = resolve; });
    const channel = await open({ port: await listen(createServer(), (socket) => socket.resume().end()) }, () => { rung(); });
    await channel.send(batch(1), NEVER);
    await broke;
    expect(channel.broken).toBe('the receiver closed the connection');
  });

  it('does not take a receiver that refuses it a little later for one that has read', async () => {
    const port = await listen(createServer({ noDelay: true }), (socket) => {
      socket.once('data', () => setTimeout(() => socket.end(), 50));
    });
    const channel = await open({ port });
    expect(await channel.send(batch(1), NEVER)).toMatchObject({ taken: 1, error: null });
    expect(await channel.close(NEVER)).toBe(false);
    expect(channel.broken).toBe('the receiver closed the connection');
  });

  it('does not take an end for an answer that was on its way before our last message arrived', async () => {
    const sockets: Socket[] = [];
    const channel = await open({ port: await listen(createServer(), (socket) => sockets.push(socket.resume())) });
    await channel.send(batch(1), NEVER);
    // Until it is old enough to be ended at once.
    await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.refusal));
    // In good order, having read all; and nothing is read here before our own end.
    sockets[0]?.destroy();
    expect(await channel.send(batch(1), NEVER)).toMatchObject({ taken: 1, error: null });
    expect(await channel.close(NEVER)).toBe(false);
    expect(channel.broken).toBe('the receiver closed the connection');
  });

  it('does not wait for that once it is told to leave', async () => {
    const port = await listen(createServer(), collect([]));
    const channel = await open({ port });
    await channel.send(batch(1), NEVER);
    expect(await channel.close(AbortSignal.abort())).toBe(false);
  });

  it('notices a receiver that accepts and does not read', async () => {
    const channel = await open({ port: await listen(createServer({ pauseOnConnect: true }), () => undefined), maxLength: 1_048_576 });
    const big = { event: anEvent({ message: 'x'.repeat(900_000) }), possibleDuplicate: false };
    const { taken, attempted, error } = await channel.send(Array.from({ length: 60 }, () => big), NEVER);
    expect(error).toContain('does not read');
    expect(attempted).toBe(taken + 1);
  });

  it('proves nothing where the receiver reads nothing, until three silences in a row say that it never closes', async () => {
    const port = await listen(createServer({ allowHalfOpen: true, pauseOnConnect: true }), () => undefined);
    const transport = createTransport(aSyslogSink({ port }), { clock: SYSTEM_CLOCK, logger: fakeLogger(), patience: QUICK });
    const proofs: boolean[] = [];
    for (let time = 0; time < 4; time++) {
      const channel = await transport.open(() => undefined, NEVER);
      await channel.send(batch(1), NEVER);
      proofs.push(await channel.close(NEVER));
    }
    expect(proofs).toEqual([false, false, true, true]);
  });

  it('holds a receiver to it that closed once', async () => {
    let reads = true;
    const port = await listen(createServer({ allowHalfOpen: true }), (socket) => {
      if (reads) socket.resume().on('end', () => socket.end());
    });
    const transport = createTransport(aSyslogSink({ port }), { clock: SYSTEM_CLOCK, logger: fakeLogger(), patience: QUICK });
    const proofs: boolean[] = [];
    for (let time = 0; time < 5; time++) {
      const channel = await transport.open(() => undefined, NEVER);
      await channel.send(batch(1), NEVER);
      proofs.push(await channel.close(NEVER));
      reads = false;
    }
    expect(proofs).toEqual([true, false, false, false, false]);
  });
});

describe.skipIf(MISSING_FOR_CERTIFICATES !== null)(`syslog over TLS${MISSING_FOR_CERTIFICATES === null ? '' : ` (skipped: ${MISSING_FOR_CERTIFICATES})`}`, () => {
  let files: Certificates;
  let good: KeyPair;
  let other: KeyPair;
  let expired: KeyPair;
  let client: KeyPair;
  beforeAll(() => {
    files = makeCertificates();
    good = files.issue('good', 'DNS:logs.test,IP:127.0.0.1');
    other = files.issue('other', 'DNS:elsewhere.test');
    expired = files.issue('expired', 'DNS:logs.test,IP:127.0.0.1', { days: -1 });
    client = files.issue('client', 'DNS:host.test');
  });
  afterAll(() => {
    rmSync(files.folder, { recursive: true });
  });
  const tls = (partial: Partial<SyslogSinkConfig['tls']> = {}) => ({ caFile: files.ca, certFile: null, keyFile: null, serverName: null, ...partial });
  const serve = (options: TlsOptions & { readonly files: KeyPair }, into: Buffer[] = []): Promise<number> =>
    listen(createTlsServer({ ...options, cert: readFileSync(options.files.cert), key: readFileSync(options.files.key) }), collect(into), 'secureConnection');

  it('arrives, and shows who the receiver is', async () => {
    const arrived: Buffer[] = [];
    const channel = await open({ transport: 'tls', port: await serve({ files: good }, arrived), tls: tls({ serverName: 'logs.test' }) });
    await channel.send(batch(2), NEVER);
    expect(await channel.close(NEVER)).toBe(true);
    expect(unframe(Buffer.concat(arrived)).map((message) => parseRfc5424(message).params['sequence'])).toEqual(['1', '2']);
    expect(channel.facts).toMatchObject({ protocol: 'TLSv1.3', subject: 'good', issuer: 'Test CA', names: 'DNS:logs.test, IP Address:127.0.0.1' });
  });

  it('finds the address in the certificate where no name is set', async () => {
    const channel = await open({ transport: 'tls', port: await serve({ files: good }), tls: tls() });
    expect(await channel.close(NEVER)).toBe(true);
  });

  it('refuses a certificate that is expired, for another name, or of an unknown issuer, and TLS 1.1', async () => {
    await expect(open({ transport: 'tls', port: await serve({ files: expired }), tls: tls() })).rejects.toThrow(/certificate has expired/);
    await expect(open({ transport: 'tls', port: await serve({ files: other }), tls: tls() })).rejects.toThrow(/does not match certificate's altnames/);
    await expect(open({ transport: 'tls', port: await serve({ files: good }), tls: tls({ caFile: null }) })).rejects.toThrow(/unable to (?:verify|get)/);
    await expect(open({ transport: 'tls', port: await serve({ files: good, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }), tls: tls() })).rejects.toThrow();
  });

  it('shows its own certificate, and learns from the receiver that it wants one', async () => {
    const arrived: Buffer[] = [];
    const port = await serve({ files: good, requestCert: true, rejectUnauthorized: true, ca: readFileSync(files.ca) }, arrived);
    const welcome = await open({ transport: 'tls', port, tls: tls({ certFile: client.cert, keyFile: client.key }) });
    await welcome.send(batch(1), NEVER);
    expect(await welcome.close(NEVER)).toBe(true);
    expect(unframe(Buffer.concat(arrived))).toHaveLength(1);
    // In TLS 1.3 the refusal comes after our side of the handshake: what was sent meanwhile is not taken for received.
    const stranger = await open({ transport: 'tls', port, tls: tls() });
    await stranger.send(batch(1), NEVER);
    expect(await stranger.close(NEVER)).toBe(false);
    expect(stranger.broken).toMatch(/certificate required/i);
  });

  it('names the file that cannot be read', async () => {
    await expect(open({ transport: 'tls', tls: tls({ caFile: '/nonexistent/ca.pem' }) })).rejects.toThrow('cannot read the CA file /nonexistent/ca.pem');
  });

  it('says so where the receiver does not speak TLS', async () => {
    const port = await listen(createServer(), (socket) => socket.end('hello, this is no TLS\n'));
    await expect(open({ transport: 'tls', port, tls: tls() })).rejects.toThrow(/wrong version number|packet length too long|socket disconnected/i);
    // A syslog daemon reads a greeting of TLS as it reads anything, and says nothing.
    const silent = await listen(createServer(), (socket) => socket.resume());
    await expect(open({ transport: 'tls', port: silent, tls: tls() })).rejects.toThrow(`no TLS handshake within ${QUICK.connect / 1000} s`);
  });
});
