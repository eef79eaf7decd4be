import type { AuditedListener } from '../model/audit.ts';
import { executables } from '../model/compare-listeners.ts';
import type { Listener } from '../model/listener.ts';
import { markOwners } from './owners.ts';

/**
 * Where a listener is: namespace, protocol, address, interface and port (for a raw socket, its IP protocol). A dual-stack
 * wildcard is `*`, as in ss(8), for `::` may be open beside it. Parts are parted by NUL, which no name of the kernel's holds.
 */
export function placeKey({ netns, protocol, address, dualStack, interface: boundTo, port, ipProtocol }: Listener): string {
  return `place\0${netns.name ?? ''}\0${protocol}\0${dualStack ? '*' : address}\0${boundTo ?? ''}\0${port ?? `ip ${ipProtocol ?? ''}`}`;
}

/**
 * What one alert is about: a place; or, where the host gave the port out, an owner with all such ports of one protocol and
 * scope, for there a number means nothing and is another after each restart.
 */
export function subjectKey(listener: AuditedListener): string {
  if (listener.ephemeral !== true || listener.ownerKind !== 'process' || listener.activation !== null) return placeKey(listener);
  const marks = markOwners(listener);
  const areAllKnown = marks.length > 0 && listener.owners.every(({ exe, uid }) => exe !== null && uid !== null);
  return areAllKnown ? ['owner', listener.netns.name ?? '', listener.protocol, listener.scope, ...[...marks].sort()].join('\0') : placeKey(listener);
}

/** Whether that alert is about an owner's ports, not about a place. */
export function isOwnersSubject(key: string): boolean {
  return key.startsWith('owner\0');
}

/** Client sockets come and go by the thousand there, and nothing but their age tells a server from them. */
export function isEphemeralUdp({ ephemeral, protocol }: AuditedListener): boolean {
  return ephemeral === true && (protocol === 'udp' || protocol === 'udplite');
}

/** What listeners are counted by where they are not told one by one: program, protocol, and the port where it means something. */
export function foldKey(listener: AuditedListener): string {
  const { netns, protocol, ephemeral, port, ipProtocol } = listener;
  return `${netns.name ?? ''}\0${protocol}\0${ephemeral === true ? 'ephemeral' : (port ?? `ip ${ipProtocol ?? ''}`)}\0${programOf(listener)}`;
}

/** The program that holds a listener, for counting: its executables, else its socket unit, else what is known instead. */
export function programOf(listener: AuditedListener): string {
  if (listener.owners.length > 0) return executables(listener).join(', ');
  return listener.activation?.unit ?? (listener.ownerKind === 'kernel' ? 'the kernel' : 'an unknown program');
}
