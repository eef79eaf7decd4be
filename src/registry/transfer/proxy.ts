import { PortreeveError } from '../../model/errors.ts';
import { parseIpAddress } from '../../model/ip-address.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy that the environment names for an address, or null. The variables are those that curl, wget, Go and Python
 * know: `https_proxy` for https, `http_proxy` for http, `all_proxy` for both, in small or capital letters, small first;
 * `no_proxy` with names (their subdomains too), addresses, networks as 10.0.0.0/8, each with a :port if wanted, or `*`.
 * @throws PortreeveError `usage` for a proxy that cannot be used
 */
export function chooseProxy(url: URL, environment: Environment): URL | null {
  const read = (name: string): string => (environment[name] ?? environment[name.toUpperCase()] ?? '').trim();
  const scheme = url.protocol.slice(0, -1);
  const value = read(`${scheme}_proxy`) || read('all_proxy');
  if (value === '' || isExempt(url, read('no_proxy'))) return null;
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = URL.canParse(written) ? new URL(written) : null;
  if (proxy === null || !['http:', 'https:'].includes(proxy.protocol) || proxy.hostname === '') {
    // The value may hold a password, so it is not shown.
    throw new PortreeveError('usage', `the proxy for ${scheme} that the environment names cannot be used`, {
      hint: 'Write it as http://HOST:PORT or https://HOST:PORT (SOCKS is not spoken), or except the address with NO_PROXY.',
    });
  }
  return proxy;
}

/** `Proxy-Authorization`, where the proxy's address carries a name and a password (RFC 7617). */
export function proxyCredentials(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  return { 'proxy-authorization': `Basic ${Buffer.from(`${decodeCredential(proxy.username)}:${decodeCredential(proxy.password)}`).toString('base64')}` };
}

/** Undoes the percent-encoding of a part of an address, where it is one. */
export function decodeCredential(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Host of a URL as sockets take it: an IPv6 address without its brackets. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Port of a URL, where it names none that of its scheme. */
export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

function isExempt(url: URL, list: string): boolean {
  const host = bareHost(url).toLowerCase();
  const port = portOf(url);
  return list.split(/[\s,]+/).some((entry) => entry !== '' && coversHost(entry.toLowerCase(), host, port));
}

function coversHost(entry: string, host: string, port: number): boolean {
  if (entry === '*') return true;
  const [, name = '', entryPort] = /^(\[[^\]]*\]|[^:]*|.*:.*:.*?)(?::(\d{1,5}))?$/.exec(entry) ?? [];
  if (entryPort !== undefined && Number(entryPort) !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '');
  if (parseIpAddress(host) !== null) return coversAddress(bare, host);
  const domain = bare.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function coversAddress(entry: string, host: string): boolean {
  const [text = '', length] = entry.split('/', 2);
  const network = parseIpAddress(text);
  const address = parseIpAddress(host);
  if (network === null || address?.family !== network.family) return false;
  const bits = length === undefined || !/^\d{1,3}$/.test(length) ? network.bytes.length * 8 : Number(length);
  return network.bytes.every((byte, index) => {
    const kept = Math.min(Math.max(bits - index * 8, 0), 8);
    const mask = (0xff << (8 - kept)) & 0xff;
    return (byte & mask) === ((address.bytes[index] ?? 0) & mask);
  });
}
