import { createSign, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

/** A key and its certificate, as node:https takes them. */
export interface Identity {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateParts {
  /** Common name of the subject. */
  readonly name: string;
  /** Names and addresses that it is for; none for an authority. */
  readonly hosts?: readonly string[];
  readonly issuer?: Authority;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface Authority extends Identity {
  readonly name: string;
}

const DAY_MS = 86_400_000;

/**
 * Makes a certificate (RFC 5280, section 4.1) for a fresh P-256 key, signed by its issuer or by itself. Made anew in each
 * run: no key lies in the repository, and none expires.
 */
export function makeCertificate({ name, hosts = [], issuer, notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + DAY_MS) }: CertificateParts): Authority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = exportKey(privateKey);
  const tbs = sequence(
    tagged(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    commonName(issuer?.name ?? name),
    sequence(utcTime(notBefore), utcTime(notAfter)),
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...extensions(hosts))),
  );
  const signature = createSign('sha256').update(tbs).sign(issuer?.key ?? key);
  return { name, key, cert: pem('CERTIFICATE', sequence(tbs, ECDSA_WITH_SHA256, tagged(0x03, Buffer.from([0]), signature))) };
}

function extensions(hosts: readonly string[]): Buffer[] {
  // basicConstraints, critical: an authority where there is no host.
  const constraints = sequence(oid('551d13'), tagged(0x01, Buffer.from([0xff])), tagged(0x04, sequence(...(hosts.length === 0 ? [tagged(0x01, Buffer.from([0xff]))] : []))));
  if (hosts.length === 0) return [constraints];
  const names = hosts.map((host) => (isIP(host) === 4 ? tagged(0x87, Buffer.from(host.split('.').map(Number))) : tagged(0x82, Buffer.from(host))));
  return [constraints, sequence(oid('551d11'), tagged(0x04, sequence(...names)))];
}

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));

function commonName(name: string): Buffer {
  return sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, Buffer.from(name)))));
}

function utcTime(date: Date): Buffer {
  return tagged(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, '').slice(2, 14)}Z`));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

/** Tag, length and content (X.690, section 8.1). */
function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function exportKey(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

function pem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}
