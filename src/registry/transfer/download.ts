import { PortreeveError } from '../../model/errors.ts';
import { exchange } from './exchange.ts';
import { chooseProxy, type Environment } from './proxy.ts';
import { readBody } from './read-body.ts';
import { startClock, type TimeLimits } from './transfer-clock.ts';
import { showUrl, transferFailed } from './transfer-errors.ts';

export interface DownloadRequest {
  readonly url: URL;
  /** What the server said of the copy that is there already; null to have it sent in any case. */
  readonly known: { readonly etag: string | null; readonly lastModified: string | null } | null;
  readonly allowHttp: boolean;
  /** Certificates (PEM) to trust; absent: those that Node trusts by itself. */
  readonly ca?: readonly string[];
  /** For the proxy variables. */
  readonly environment: Environment;
  readonly userAgent: string;
  readonly maxBytes: number;
  readonly times: TimeLimits;
  readonly onProgress: (received: number, expected: number | null) => void;
}

export type Download =
  | { readonly outcome: 'not-modified' }
  | { readonly outcome: 'content'; readonly content: Buffer; readonly etag: string | null; readonly lastModified: string | null };

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A validator is sent back with every later request; what is longer than this is not one. */
const LONGEST_VALIDATOR = 1024;

/**
 * Fetches a file over HTTPS (over HTTP where that is allowed), if it is another than the one known.
 * @throws PortreeveError `update-failed`, `usage`
 */
export async function download(request: DownloadRequest): Promise<Download> {
  const { url, known, ca, environment, times } = request;
  const clock = startClock(times, url);
  try {
    let at = url;
    for (let redirects = 0; ; redirects += 1) {
      requireAllowed(at, request.allowHttp);
      const headers = requestHeaders(request);
      const response = await exchange(at, { headers, ...(ca === undefined ? {} : { ca }), proxy: chooseProxy(at, environment), clock });
      const status = response.statusCode ?? 0;
      if (status === 200) {
        const content = await readBody(at, response, { maxBytes: request.maxBytes, clock, onProgress: request.onProgress });
        return { outcome: 'content', content, etag: validator(response.headers.etag), lastModified: validator(response.headers['last-modified']) };
      }
      response.destroy();
      if (status === 304 && known !== null) return { outcome: 'not-modified' };
      if (!REDIRECTS.has(status)) throw refusedBy(at, status);
      if (redirects === MAX_REDIRECTS) throw transferFailed(url, `more than ${MAX_REDIRECTS} redirects, the last to ${showUrl(at)}`, 'Open the address in a browser, and name the one that it ends at with --from.');
      at = nextAddress(at, response.headers.location);
    }
  } finally {
    clock.stop();
  }
}

function requestHeaders({ known, userAgent }: DownloadRequest): Record<string, string> {
  const { etag = null, lastModified = null } = known ?? {};
  return {
    'user-agent': userAgent,
    'accept': 'text/csv, text/plain;q=0.9, */*;q=0.1',
    'accept-encoding': 'gzip',
    'connection': 'close',
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(lastModified === null ? {} : { 'if-modified-since': lastModified }),
  };
}

/** Not sent back where it could not stand in a header (Node would throw). */
function validator(value: string | undefined): string | null {
  return value !== undefined && value.length <= LONGEST_VALIDATOR && /^[\t\x20-\x7e]+$/.test(value) ? value : null;
}

function requireAllowed(url: URL, allowHttp: boolean): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && allowHttp)) return;
  if (url.protocol !== 'http:') throw new PortreeveError('usage', `${showUrl(url)}: only https:, http: and file: addresses can be fetched`);
  throw new PortreeveError('usage', `${showUrl(url)}: whoever is in between can change what comes over plain HTTP`, {
    hint: 'Use https:, or accept that with --allow-http.',
  });
}

function nextAddress(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from.href)) throw transferFailed(from, 'it redirects to nowhere');
  const next = new URL(location, from);
  if (next.protocol === 'https:' || (next.protocol === 'http:' && from.protocol === 'http:')) return next;
  throw transferFailed(from, `it redirects to ${showUrl(next)}, away from HTTPS`, 'This is how a captive portal looks, too. Open the address in a browser, and name the one that it ends at with --from.');
}

function refusedBy(url: URL, status: number): PortreeveError {
  const fail = (what: string, hint?: string): PortreeveError => transferFailed(url, `${what} (status ${status})`, hint);
  if (status === 404 || status === 410) return fail('the file is not there', 'Check the address given to --from; a newer portreeve may know a new one.');
  if (status === 407) return fail('the proxy wants a name and a password', 'HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT');
  if (status === 401 || status === 403 || status === 511) return fail('the server does not give the file out', 'A proxy or a captive portal may have answered in its place: open the address in a browser, or use --from FILE.');
  if (status === 429 || status >= 500) return fail('the server cannot answer now', 'Try again later, or fetch the file elsewhere and name it with --from FILE.');
  return fail('the server did not send the file');
}
