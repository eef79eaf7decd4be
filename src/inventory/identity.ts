import type { Listener } from '../model/listener.ts';

/**
 * A listener's identity across restarts: namespace, protocol, address, port, executables, units. It holds no pid,
 * inode or time, so that a restarted service is the same listener; another executable on the same address is another.
 * A socket-activated listener is its `.socket` unit's, whether the service runs at the moment or not.
 */
export function identify(listener: Omit<Listener, 'id'>): string {
  const { netns, protocol, family, address, port, ipProtocol, owners, ownerKind, activation } = listener;
  const place = family === 'ipv6' ? `[${address}]` : address;
  const bound = listener.interface === null ? '' : `%${listener.interface}`;
  const holder =
    activation !== null
      ? ['', activation.unit]
      : ownerKind === 'process'
        ? [distinct(owners.map((owner) => owner.exe ?? owner.name)), distinct(owners.map((owner) => owner.unit ?? ''))]
        : [ownerKind, ''];
  return [netns.name ?? 'unnamed', protocol, `${place}${bound}:${port ?? ipProtocol ?? ''}`, ...holder].join(' ').trimEnd();
}

function distinct(texts: readonly string[]): string {
  return [...new Set(texts)].filter((text) => text !== '').sort().join('+');
}
