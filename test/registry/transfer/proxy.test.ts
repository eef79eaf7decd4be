import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseProxy, proxyCredentials } from '../../../src/registry/transfer/proxy.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 200);
const choose = (url: string, environment: Record<string, string>): string | null => chooseProxy(new URL(url), environment)?.href ?? null;

describe('chooseProxy', () => {
  it('takes the variable of the scheme, small letters before capitals, then the one for all', () => {
    const all = { http_proxy: 'http://a', HTTP_PROXY: 'http://b', HTTPS_PROXY: 'c:3128', ALL_PROXY: 'http://d' };
    expect(choose('http://x/', all)).toBe('http://a/');
    expect(choose('https://x/', all)).toBe('http://c:3128/');
    expect(choose('https://x/', { ALL_PROXY: 'https://d' })).toBe('https://d/');
    expect(choose('https://x/', { HTTP_PROXY: 'http://b' })).toBeNull();
    expect(choose('https://x/', { HTTPS_PROXY: '' })).toBeNull();
  });

  it.each([
    ['*', true],
    ['www.iana.org', true],
    ['iana.org', true],
    ['.iana.org', true],
    ['*.iana.org', true],
    ['IANA.ORG', true],
    ['a.test, iana.org', true],
    ['a.test iana.org', true],
    ['iana.org:443', true],
    ['iana.org:8443', false],
    ['ana.org', false],
    ['.', false],
    ['', false],
    ['www.iana.org.test', false],
  ])('for www.iana.org with no_proxy %j', (list, exempt) => {
    expect(choose('https://www.iana.org/f', { https_proxy: 'http://p', no_proxy: list })).toBe(exempt ? null : 'http://p/');
  });

  it.each([
    ['https://10.1.2.3/', '10.0.0.0/8', true],
    ['https://10.1.2.3/', '10.1.2.3', true],
    ['https://10.1.2.3/', '10.1.2.3:443', true],
    ['https://10.1.2.3/', '10.1.2.0/30', true],
    ['https://10.1.2.4/', '10.1.2.0/30', false],
    ['https://10.1.2.3/', '11.0.0.0/8', false],
    ['https://10.1.2.3/', '2.3', false],
    ['https://10.1.2.3/', '0.0.0.0/0', true],
    ['https://[2001:db8::5]/', '2001:db8::/32', true],
    ['https://[2001:db8::5]/', '[2001:db8::5]:443', true],
    ['https://[2001:db8::5]/', '[2001:db8::5]:444', false],
    ['https://[2001:db8::5]/', '2001:db8::5', true],
    ['https://[2001:db8::5]/', '10.0.0.0/8', false],
  ])('for %s with no_proxy %s', (url, list, exempt) => {
    expect(choose(url, { https_proxy: 'http://p', NO_PROXY: list }) === null).toBe(exempt);
  });

  it.each(['socks5://h:1080', 'http://', 'http://[::', 'ftp://h'])('refuses %s without showing it', (value) => {
    expect(() => choose('https://x/', { https_proxy: value.replace('//', '//me:secret@') })).toThrow(expect.objectContaining({ code: 'usage', message: expect.not.stringContaining('secret') as string }) as Error);
  });

  it('sends name and password as they are, not as the address escapes them', () => {
    expect(proxyCredentials(new URL('http://me:p%40ss@h'))).toEqual({ 'proxy-authorization': 'Basic bWU6cEBzcw==' });
    expect(proxyCredentials(new URL('http://me:100%@h'))).toEqual({ 'proxy-authorization': `Basic ${Buffer.from('me:100%').toString('base64')}` });
    expect(proxyCredentials(new URL('http://h'))).toEqual({});
  });

  it('stands whatever the environment holds', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (proxy, list) => {
        try {
          choose('https://www.iana.org/', { https_proxy: proxy, no_proxy: list });
          choose('https://10.0.0.1/', { https_proxy: proxy, no_proxy: list });
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
        }
      }),
      { seed: 1, numRuns },
    );
  });
});
