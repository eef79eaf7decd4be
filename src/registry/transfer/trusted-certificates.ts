import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { PortreeveError } from '../../model/errors.ts';
import type { Environment } from './proxy.ts';

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}-----END CERTIFICATE-----/g;

/**
 * The certificates to trust where a file adds to them: Node's own, those of NODE_EXTRA_CA_CERTS, which Node leaves out as
 * soon as it is given a list, and those of the file.
 * @throws PortreeveError `usage` for a file without certificates
 */
export function trustAlso(caFile: string, environment: Environment): string[] {
  const extra = environment['NODE_EXTRA_CA_CERTS'] ?? '';
  return [...rootCertificates, ...(extra === '' ? [] : readExtra(extra)), ...readCertificates(caFile)];
}

/** Node itself only warns of a file that it cannot use. */
function readExtra(file: string): string[] {
  try {
    return readCertificates(file);
  } catch {
    return [];
  }
}

function readCertificates(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new PortreeveError('usage', `${file}: cannot be read (${code})`, { hint: 'Check the path given to --ca-file.', cause });
  }
  const certificates = text.match(PEM) ?? [];
  try {
    for (const certificate of certificates) new X509Certificate(certificate);
  } catch (cause) {
    throw new PortreeveError('usage', `${file}: one of its certificates is damaged`, { hint: '--ca-file takes certificates in PEM form.', cause });
  }
  if (certificates.length === 0) throw new PortreeveError('usage', `${file}: there is no certificate in it`, { hint: '--ca-file takes certificates in PEM form ("-----BEGIN CERTIFICATE-----").' });
  return certificates;
}
