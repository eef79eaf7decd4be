import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PortreeveError } from '../../../src/model/errors.ts';
import { download, type Download, type DownloadRequest } from '../../../src/registry/transfer/download.ts';
import { describeFault } from '../../../src/registry/transfer/transfer-errors.ts';
import { trustAlso } from '../../../src/registry/transfer/trusted-certificates.ts';
import { makeTrust, startProxy, startServer, type TestServer } from './csv-server.ts';
import { makeCertificate } from './make-certificate.ts';

const { authority, identity } = makeTrust();
let server: TestServer;
let plain: TestServer;
const others: TestServer[] = [];

beforeAll(async () => {
  server = await startServer(identity);
  plain = await startServer(null);
});
afterEach(async () => {
  await Promise.all(others.splice(0).map((other) => other.close()));
});
afterAll(async () => {
  await Promise.all([server.close(), plain.close()]);
});

const MB = 1024 * 1024;
function fetchFrom(address: string, changes: Partial<DownloadRequest> = {}): Promise<Download> {
  return download({
    url: new URL(address),
    known: null,
    allowHttp: false,
    ca: [authority.cert],
    environment: {},
    userAgent: 'portreeve/test',
    maxBytes: MB,
    times: { connectMs: 5000, idleMs: 5000, totalMs: 5000 },
    onProgress: () => undefined,
    ...changes,
  });
}

async function failure(promise: Promise<unknown>): Promise<PortreeveError> {
  const outcome = await promise.then((value) => value, (error: unknown) => error);
  if (outcome instanceof PortreeveError) return outcome;
  throw new Error(`no PortreeveError but ${String(outcome)}`);
}

describe('download', () => {
  it('fetches a file with what identifies it, and says who asks', async () => {
    server.handle((_, response) => response.writeHead(200, { 'etag': '"v1"', 'last-modified': 'Fri, 13 Feb 2026 00:00:00 GMT' }).end('content'));
    const progress: [number, number | null][] = [];
    const fetched = await fetchFrom(`${server.origin}/ports.csv?x=1`, { onProgress: (...each) => progress.push(each) });
    expect(fetched).toEqual({ outcome: 'content', content: Buffer.from('content'), etag: '"v1"', lastModified: 'Fri, 13 Feb 2026 00:00:00 GMT' });
    const { url, method, headers } = server.requests.at(-1)!;
    expect({ url, method }).toEqual({ url: '/ports.csv?x=1', method: 'GET' });
    expect(headers).toMatchObject({ 'host': `localhost:${server.port}`, 'user-agent': 'portreeve/test', 'accept-encoding': 'gzip' });
    expect(headers).not.toHaveProperty('if-none-match');
    expect(progress.at(-1)).toEqual([7, null]);
  });

  it('asks only for what is new, and takes 304 for an answer only then', async () => {
    server.handle((request, response) => response.writeHead(request.headers['if-none-match'] === '"v1"' && request.headers['if-modified-since'] === 'D' ? 304 : 500).end());
    expect(await fetchFrom(server.origin, { known: { etag: '"v1"', lastModified: 'D' } })).toEqual({ outcome: 'not-modified' });
    server.handle((_, response) => response.writeHead(304).end());
    expect((await failure(fetchFrom(server.origin))).message).toContain('(status 304)');
  });

  it('unpacks gzip, and takes no coding that it did not ask for', async () => {
    server.handle((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('packed')));
    expect(await fetchFrom(server.origin)).toMatchObject({ content: Buffer.from('packed') });
    server.handle((_, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('x'));
    expect((await failure(fetchFrom(server.origin))).message).toContain('"br"');
  });

  it('keeps no validator that could not be sent back', async () => {
    server.handle((_, response) => response.writeHead(200, { etag: `"${'x'.repeat(5000)}"` }).end('x'));
    expect(await fetchFrom(server.origin)).toMatchObject({ etag: null, lastModified: null });
  });

  it('follows redirects, relative ones too, but no more than five and never out of HTTPS', async () => {
    server.handle((request, response) => {
      const step = Number(request.url?.slice(1));
      if (step < 5) response.writeHead(302, { location: `/${step + 1}` }).end();
      else response.end('there');
    });
    expect(await fetchFrom(`${server.origin}/0`)).toMatchObject({ content: Buffer.from('there') });
    server.handle((_, response) => response.writeHead(302, { location: '/again' }).end());
    const loop = await failure(fetchFrom(`${server.origin}/0`));
    expect(loop).toMatchObject({ code: 'update-failed', exitCode: 3 });
    expect(loop.message).toContain('more than 5 redirects');
    server.handle((_, response) => response.writeHead(301, { location: `${plain.origin}/portal` }).end());
    expect((await failure(fetchFrom(server.origin, { allowHttp: true }))).message).toContain('away from HTTPS');
    server.handle((_, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end());
    expect((await failure(fetchFrom(server.origin))).message).toContain('file:///etc/passwd');
    server.handle((_, response) => response.writeHead(301).end());
    expect((await failure(fetchFrom(server.origin))).message).toContain('redirects to nowhere');
  });

  it('uses plain HTTP only where that was allowed', async () => {
    plain.handle((_, response) => response.end('plain'));
    expect(await failure(fetchFrom(plain.origin))).toMatchObject({ code: 'usage', hint: expect.stringContaining('--allow-http') as string });
    expect(await fetchFrom(plain.origin, { allowHttp: true })).toMatchObject({ content: Buffer.from('plain') });
  });

  it.each([
    [404, 'the file is not there', '--from'],
    [410, 'the file is not there', '--from'],
    [403, 'does not give the file out', 'captive portal'],
    [500, 'cannot answer now', 'Try again later'],
    [429, 'cannot answer now', 'Try again later'],
    [204, 'did not send the file', '--from FILE'],
    [206, 'did not send the file', '--from FILE'],
  ])('says what a status of %i means', async (status, meaning, hint) => {
    server.handle((_, response) => response.writeHead(status).end());
    const error = await failure(fetchFrom(`${server.origin}/f`));
    expect(error).toMatchObject({ code: 'update-failed', hint: expect.stringContaining(hint) as string });
    expect(error.message).toBe(`${server.origin}/f: ${error.message.slice(error.message.indexOf(': ') + 2)}`);
    expect(error.message).toContain(meaning);
    expect(error.message).toContain(String(status));
  });

  it('ends a drip that never stops, and a silence, in their time', async () => {
    server.handle((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    const drip = await failure(fetchFrom(server.origin, { times: { connectMs: 5000, idleMs: 300, totalMs: 600 } }));
    expect(drip.message).toContain('not done within 0.6 s');
    expect(drip.hint).toContain('--timeout');
    server.handle((_, response) => response.writeHead(200).write('x'));
    expect((await failure(fetchFrom(server.origin, { times: { connectMs: 5000, idleMs: 200, totalMs: 5000 } }))).message).toContain('sent nothing for 0.2 s');
    server.handle(() => undefined);
    expect((await failure(fetchFrom(server.origin, { times: { connectMs: 5000, idleMs: 200, totalMs: 5000 } }))).message).toContain('sent nothing for 0.2 s');
  });

  it('does not take a cut connection for the end of the file', async () => {
    server.handle((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('x'.repeat(10), () => {
        response.destroy();
      });
    });
    expect((await failure(fetchFrom(server.origin))).message).toContain('cut after 10 bytes');
    server.handle((request) => {
      request.socket.destroy();
    });
    expect((await failure(fetchFrom(server.origin))).message).toContain('cut before an answer came');
    const packed = gzipSync('x'.repeat(1000));
    server.handle((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed.subarray(0, -12)));
    expect((await failure(fetchFrom(server.origin))).message).toContain('damaged or cut');
  });

  it('stops at the limit of size: announced, endless, and packed', async () => {
    server.handle((_, response) => {
      response.writeHead(200, { 'content-length': 10_000_000_000 }).flushHeaders();
    });
    expect((await failure(fetchFrom(server.origin))).message).toContain('more than 1 MB');

    let sent = 0;
    server.handle((_, response) => {
      const zeros = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && sent < 10_000_000_000) {
          sent += zeros.length;
          if (!response.write(zeros)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    expect((await failure(fetchFrom(server.origin))).message).toContain('more than 1 MB');
    expect(sent).toBeLessThan(32 * MB);

    const bomb = gzipSync(Buffer.alloc(16 * MB));
    expect(bomb.length).toBeLessThan(MB / 8);
    server.handle((_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb));
    expect((await failure(fetchFrom(server.origin))).message).toContain('more than 1 MB');
  });

  it('says that nobody listens, and what is no HTTP or no TLS', async () => {
    const gone = await startServer(null);
    await gone.close();
    expect((await failure(fetchFrom(`https://127.0.0.1:${gone.port}/`))).message).toContain('refused the connection');
    expect((await failure(fetchFrom(plain.origin.replace('http:', 'https:')))).message).toContain('does not speak TLS');
    // Not asked for: a host without a name service waits long for it.
    const unresolved = describeFault(new URL('https://me:secret@name.test/f'), Object.assign(new Error(), { code: 'EAI_AGAIN' }));
    expect(unresolved).toMatchObject({ message: 'https://name.test/f: the name name.test could not be resolved (EAI_AGAIN)', hint: expect.stringContaining('HTTPS_PROXY') as string });
  });
});

describe('trust', () => {
  const fetchWith = async (parts: Parameters<typeof makeCertificate>[0], changes: Partial<DownloadRequest> = {}): Promise<PortreeveError> => {
    const other = await startServer(makeCertificate(parts));
    others.push(other);
    other.handle((_, response) => response.end('secret'));
    return failure(fetchFrom(other.origin, changes));
  };
  const day = (offset: number): Date => new Date(Date.now() + offset * 86_400_000);

  it('is withheld from an unknown issuer, a certificate for another name, and one out of its time', async () => {
    const unknown = await fetchWith({ name: 'localhost', hosts: ['localhost'] });
    expect(unknown).toMatchObject({ code: 'update-failed', hint: expect.stringContaining('--ca-file') as string });
    expect(unknown.message).toContain('an issuer that is not trusted');
    expect((await fetchWith({ name: 'other', hosts: ['other.test'], issuer: authority })).message).toContain('not one for localhost');
    const expired = await fetchWith({ name: 'localhost', hosts: ['localhost'], issuer: authority, notBefore: day(-9), notAfter: day(-2) });
    expect(expired.message).toContain('has expired');
    expect(expired.hint).toContain('clock');
    expect((await fetchWith({ name: 'localhost', hosts: ['localhost'], issuer: authority, notBefore: day(2), notAfter: day(9) })).message).toContain('not valid yet');
  });

  it('is not given to everyone because the environment of some other program says so', async () => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect((await fetchWith({ name: 'localhost', hosts: ['localhost'] })).message).toContain('an issuer that is not trusted');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });

  it('is extended by a file, which does not replace what is trusted anyway', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portreeve-ca-'));
    const write = (name: string, text: string): string => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    };
    try {
      const second = makeCertificate({ name: 'second' });
      const own = write('own.pem', `a comment\n${authority.cert}`);
      const extra = write('extra.pem', second.cert);
      const trusted = trustAlso(own, { NODE_EXTRA_CA_CERTS: extra });
      expect(trusted.length).toBeGreaterThan(100);
      expect(trusted.slice(-2).map((each) => each.trim())).toEqual([second.cert.trim(), authority.cert.trim()]);
      expect(trustAlso(own, { NODE_EXTRA_CA_CERTS: join(folder, 'none') })).toHaveLength(trusted.length - 1);
      for (const [file, message] of [
        [write('empty.pem', ''), 'no certificate'],
        [write('key.pem', authority.key), 'no certificate'],
        [write('broken.pem', authority.cert.replace(/^(MI)..../m, '$1AAAA')), 'damaged'],
        [join(folder, 'none.pem'), 'cannot be read (ENOENT)'],
      ] as const) {
        expect(() => trustAlso(file, {})).toThrow(expect.objectContaining({ code: 'usage', message: expect.stringContaining(message) as string }) as Error);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a proxy', () => {
  it('is asked for a tunnel, inside which the server proves who it is', async () => {
    server.handle((_, response) => response.end('through'));
    const proxy = await startProxy(server.port);
    others.push(proxy);
    const environment = { HTTPS_PROXY: proxy.origin.replace('//', '//me:p%40ss@') };
    expect(await fetchFrom('https://registry.test/f', { environment })).toMatchObject({ content: Buffer.from('through') });
    expect(proxy.tunnels).toEqual([{ authority: 'registry.test:443', authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` }]);
    expect(server.requests.at(-1)!.headers).not.toHaveProperty('proxy-authorization');
    expect((await failure(fetchFrom('https://other.test/f', { environment }))).message).toContain('not one for other.test');
  });

  it('gets the whole address of what is fetched over plain HTTP', async () => {
    const proxy = await startProxy(0);
    others.push(proxy);
    proxy.handle((_, response) => response.end('from the proxy'));
    expect(await fetchFrom('http://registry.test/f', { allowHttp: true, environment: { http_proxy: proxy.origin } })).toMatchObject({ content: Buffer.from('from the proxy') });
    expect(proxy.requests[0]).toMatchObject({ url: 'http://registry.test/f', headers: { host: 'registry.test' } });
  });

  it('that refuses, is not there, or never answers is named, without its password', async () => {
    const refusing = await startProxy(server.port, 407);
    others.push(refusing);
    const refused = await failure(fetchFrom('https://registry.test/f', { environment: { https_proxy: refusing.origin.replace('//', '//me:secret@') } }));
    expect(refused.message).toContain(`proxy localhost:${refusing.port} does not let it through (status 407)`);
    expect(refused.hint).toContain('NAME:PASSWORD');
    expect(`${refused.message} ${refused.hint ?? ''}`).not.toContain('secret');
    await refusing.close();
    expect((await failure(fetchFrom('https://registry.test/f', { environment: { https_proxy: refusing.origin } }))).message).toContain('by way of the proxy');
    const silent = await startServer(null);
    others.push(silent);
    silent.server.on('connect', (_, socket) => {
      socket.resume().on('end', () => socket.destroy());
    });
    const waited = await failure(fetchFrom('https://registry.test/f', { environment: { https_proxy: silent.origin }, times: { connectMs: 200, idleMs: 5000, totalMs: 5000 } }));
    expect(waited.message).toContain('no connection to registry.test within 0.2 s');
  });
});
