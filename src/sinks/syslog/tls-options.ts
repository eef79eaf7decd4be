import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { SyslogSinkConfig } from '../../model/config.ts';
import { cleanText } from '../../model/untrusted-text.ts';
import { describeFailure } from '../describe-failure.ts';

export type TlsFiles = SyslogSinkConfig['tls'];

/**
 * Reads what the configuration names. The receiver must prove the name it is known by, and speak TLS 1.2 or newer (RFC
 * 5425, section 5.2; RFC 9662).
 * @throws Error that names the file
 */
export async function readTlsOptions(host: string, files: TlsFiles): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([read('CA', files.caFile), read('certificate', files.certFile), read('key', files.keyFile)]);
  const name = files.serverName ?? host;
  return {
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
    // An address is no name to ask for (RFC 6066, section 3), but a certificate can bear it.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
  };
}

async function read(what: string, path: string | null): Promise<Buffer | null> {
  if (path === null) return null;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new Error(`cannot read the ${what} file ${path}: ${describeFailure(cause)}`, { cause });
  }
}

/** What was agreed on, and who the receiver proved to be. Every text in a certificate was chosen by its holder. */
export function describeTls(socket: TLSSocket): Readonly<Record<string, string>> {
  // Empty where the connection broke meanwhile.
  const { subject, issuer, subjectaltname, valid_to, fingerprint256 } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  const facts: Readonly<Record<string, string | readonly string[] | undefined>> = {
    protocol: socket.getProtocol() ?? undefined,
    cipher: socket.getCipher().standardName,
    subject: subject?.CN,
    names: subjectaltname,
    issuer: issuer?.CN,
    validTo: valid_to,
    fingerprint: fingerprint256,
  };
  return Object.fromEntries(Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, cleanText(String(value))]])));
}
