import type { RegistryRow } from './read-registry-csv.ts';

/**
 * Notes by which the registry itself ranks one of several names of a port below the others: www beside http, sql*net
 * beside sql-net, remoteware-cl beside hbci, shilp beside nfs.
 */
const SECOND_RATE = /is an alias to|duplicate of|now historic|unassigned but widespread use|NOTE Conflict/i;

/**
 * Where the registry does not say which of several names is the usual one and its first is not the one that
 * administrators know. The others of the 26 such ports keep the first (ipp before ipps, stun before turn).
 */
const USUAL_NAMES: ReadonlyMap<number, string> = new Map([
  [42, 'nameserver'], // as in BSD's /etc/services; before `name`
  [113, 'auth'], // as in Debian's /etc/services; before `ident`
  [465, 'submissions'], // RFC 8314, section 7.3; before `urd`
  [512, 'biff'], // udp, as in Debian's /etc/services; before `comsat`
  [666, 'doom'], // before `mdqs`, a queueing system of the 1980s
  [750, 'kerberos-iv'], // udp, as in Debian's /etc/services; before `loadav`
  [1701, 'l2tp'], // RFC 2661 gave the port of L2F to its successor
  [9100, 'pdl-datastream'], // as printers announce it in DNS-SD; before `hp-pdl-datastr`
]);

/** The name that an administrator expects for a port, out of the named rows that cover it, which are in file order. */
export function preferService(port: number, names: readonly Pick<RegistryRow, 'service' | 'notes'>[]): string | null {
  const usual = USUAL_NAMES.get(port);
  if (usual !== undefined && names.some((row) => row.service === usual)) return usual;
  const best = names.find((row) => !SECOND_RATE.test(row.notes)) ?? names[0];
  return best?.service ?? null;
}
