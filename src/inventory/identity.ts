import type { Listener, Owner } from '../model/listener.ts';

/**
 * A listener's identity across restarts: namespace, protocol, address, port, executables, units. It holds no pid,
 * inode or time, so that a restarted service is the same listener; another executable on the same address is another.
 * A socket-activated listener is its `.socket` unit's, whether the service runs at the moment or not. A dual-stack
 * wildcard is `*`, as in ss(8), for `[::]` may be open beside it. The unit of a container is left out: it is called by
 * the container's id, and a new one is made at each start.
 *
 * Parts are joined by blanks, which are escaped within them. What could not be read (another user's executable, the
 * interface in /proc/net) is not in it, so that identities compare between audits of one kind.
 */
export function identify(listener: Omit<Listener, 'id'>): string {
  const { netns, protocol, family, address, port, ipProtocol, dualStack, owners, ownerKind, activation } = listener;
  const place = dualStack ? '*' : family === 'ipv6' ? `[${address}]` : address;
  const bound = listener.interface === null ? '' : `%${listener.interface}`;
  const holder =
    activation !== null
      ? [activation.unit]
      : ownerKind === 'process'
        ? [distinct(owners.map((owner) => owner.exe ?? owner.name)), distinct(owners.map(lastingUnit))]
        : [ownerKind];
  return [netns.name ?? 'unnamed', protocol, `${place}${bound}:${port ?? ipProtocol ?? ''}`, ...holder]
    .filter((part) => part !== '')
    .map((part) => part.replaceAll(' ', '%20'))
    .join(' ');
}

function lastingUnit({ unit, container }: Owner): string {
  return unit === null || container !== null ? '' : unit;
}

function distinct(texts: readonly string[]): string {
  return [...new Set(texts)].filter((text) => text !== '').sort().map((text) => text.replaceAll('+', '%2B')).join('+');
}
