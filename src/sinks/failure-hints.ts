/** What most often lies behind a failure, by what the system, Node or OpenSSL calls it. */
const HINTS: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [/certificate has expired/, "renew the receiver's certificate, and look at both clocks"],
  [/certificate is not yet valid/, 'look at the clocks of both hosts'],
  [/does not match certificate's altnames/, "set tls.serverName to a name that the receiver's certificate bears"],
  [/self-signed certificate|unable to (?:verify|get)|unable to get local issuer/, 'name the PEM file of who issued the certificate of the receiver in tls.caFile'],
  [/alert (?:bad certificate|certificate required|unknown ca|certificate unknown|handshake failure)|ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_REQUIRED|UNKNOWN_CA)/i, 'the receiver wants a certificate that it trusts: tls.certFile and tls.keyFile'],
  [/wrong version number|packet length too long|no TLS handshake/i, 'the receiver does not speak TLS on that port'],
  [/unsupported protocol|protocol version/i, 'the receiver offers nothing newer than TLS 1.1, which is no longer safe: upgrade it'],
  [/key values mismatch/i, 'tls.keyFile is not the key to tls.certFile'],
  [/no start line|bad base64|PEM/, 'the file must be in PEM form'],
  [/receiver closed the connection|ECONNRESET/, 'it may refuse this host: see its log, its list of senders, and for TLS whether it wants a certificate (tls.certFile)'],
  [/ECONNREFUSED/, 'nothing listens there: does the receiver run, and is the port right?'],
  [/ENOTFOUND|EAI_AGAIN|no name server/, 'the name cannot be looked up: see /etc/hosts and /etc/resolv.conf'],
  [/ENETUNREACH|EHOSTUNREACH/, 'there is no way to that address: see `ip route`'],
  [/no connection within|ETIMEDOUT/, 'nothing answers: a firewall may drop what is sent there'],
  [/does not end the connection/, 'the receiver is stopped, or its own outputs are stuck; if another has taken its place, one that never ends a connection after us: resend: 0s'],
  [/does not read/, 'the receiver is stopped, or its own outputs are stuck'],
  [/ENOENT/, 'there is nothing at that path'],
  [/EACCES|EPERM/, 'run it as the user that the daemon runs as (root)'],
  [/ENOSPC|EDQUOT/, 'the disk is full'],
  [/EROFS/, 'the file system is read-only here; under systemd, ReadWritePaths= opens a folder'],
];

/** What to do about a failure; null where nothing general can be said. */
export function hintFor(error: string): string | null {
  return HINTS.find(([pattern]) => pattern.test(error))?.[1] ?? null;
}
