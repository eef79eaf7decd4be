import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why certificates cannot be made here, or null. */
export const MISSING_FOR_CERTIFICATES = spawnSync('openssl', ['version']).status === 0 ? null : 'needs the command openssl';

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly folder: string;
  readonly ca: string;
  /** Makes a certificate of that CA; `names` are subjectAltNames in OpenSSL's spelling. */
  issue(file: string, names: string, options?: { readonly days?: number }): KeyPair;
}

/** Files of a certificate authority in a folder of its own; needs the `openssl` command. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'portreeve-tls-'));
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30', '-subj', '/CN=Test CA', '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  return {
    folder,
    ca: path('ca.pem'),
    issue(file, names, { days = 30 } = {}) {
      writeFileSync(path(`${file}.ext`), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n`);
      openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${file}.key`, '-out', `${file}.csr`, '-subj', `/CN=${file}`);
      openssl('x509', '-req', '-in', `${file}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', String(days), '-extfile', `${file}.ext`, '-out', `${file}.pem`);
      return { cert: path(`${file}.pem`), key: path(`${file}.key`) };
    },
  };
}
