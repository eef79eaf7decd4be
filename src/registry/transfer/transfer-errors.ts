import { PortreeveError } from '../../model/errors.ts';

const OTHERWISE = 'On a host without internet: fetch the file elsewhere, and name it with --from FILE.';

/** An address as it is shown and kept: without user name and password. */
export function showUrl(url: URL): string {
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}

/** The error for a transfer that did not come to its end: `update-failed`. */
export function transferFailed(url: URL, what: string, hint: string = OTHERWISE, cause?: unknown): PortreeveError {
  return new PortreeveError('update-failed', `${showUrl(url)}: ${what}`, { hint, cause });
}

const NO_ROUTE = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'ETIMEDOUT', 'EHOSTDOWN', 'ENETDOWN']);
const CUT = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ECONNABORTED']);
const UNKNOWN_ISSUER = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

/** Words for what Node reports of a connection: codes of errno(3), of OpenSSL's verification (verify(1)), of its parser. */
export function describeFault(url: URL, error: unknown, received = 0): PortreeveError {
  if (error instanceof PortreeveError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const host = url.host;
  const fail = (what: string, hint?: string): PortreeveError => transferFailed(url, what, hint, error);

  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return fail(`the name ${url.hostname} could not be resolved (${code})`, `Check the network and its name service; behind a proxy, set HTTPS_PROXY. ${OTHERWISE}`);
  }
  if (code === 'ECONNREFUSED') return fail(`${host} refused the connection`, `Check the address; behind a proxy, set HTTPS_PROXY. ${OTHERWISE}`);
  if (NO_ROUTE.has(code)) return fail(`${host} could not be reached (${code})`, `Check the network; behind a proxy, set HTTPS_PROXY. ${OTHERWISE}`);
  if (CUT.has(code)) {
    return fail(received === 0 ? 'the connection was cut before an answer came' : `the connection was cut after ${received} bytes`, 'Try again. What came was thrown away.');
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return fail(`the certificate of ${host} ${code === 'CERT_HAS_EXPIRED' ? 'has expired' : 'is not valid yet'}`, "Check this host's clock (date); if it is right, tell who runs the server. Nothing was fetched.");
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return fail(`the certificate is not one for ${url.hostname}`, 'Another server answered, or the address is wrong: compare it. Nothing was fetched.');
  }
  if (UNKNOWN_ISSUER.has(code)) {
    return fail(`the certificate of ${host} is from an issuer that is not trusted here (${code})`, 'Where a mirror or a proxy of your own signs it, name its CA with --ca-file FILE. If not, someone may be in between. Nothing was fetched.');
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) return fail(`${host} does not speak TLS as it should (${code})`, `Check the address and its port. ${OTHERWISE}`);
  if (code.startsWith('HPE_')) return fail(`${host} did not answer in HTTP (${code})`, `Check the address and its port. ${OTHERWISE}`);
  if (code === 'Z_BUF_ERROR' || code === 'Z_DATA_ERROR') return fail(`the compressed data is damaged or cut (${code})`, 'Try again. What came was thrown away.');
  return fail(`the transfer failed: ${code === '' ? String(error) : code}`);
}
