import type { Activation, Listener, Owner } from '../model/listener.ts';
import { hasAllOwners, type Candidate } from './candidate.ts';
import { identify } from './identity.ts';
import type { SocketUnits } from './socket-units.ts';

/** The listener that a candidate has become. */
export function describeListener(candidate: Candidate, userName: (uid: number) => string | null, units: SocketUnits): Listener {
  const { from, group, owners, unheld, unowned } = candidate;
  const { protocol, family, address, port, uid } = group.first;
  const raw = protocol === 'raw';
  const activation = owners.some(isServiceManager) ? units.find(group.first) : null;
  const listener: Omit<Listener, 'id'> = {
    protocol,
    family,
    address,
    port: raw ? null : port,
    ipProtocol: raw ? port : null,
    scope: group.scope,
    interface: group.interface,
    dualStack: group.dualStack,
    sockets: group.sockets.length,
    netns: from.namespace,
    ephemeral: group.ephemeral,
    socketUid: uid,
    socketUser: uid === null ? null : userName(uid),
    ownerKind: owners.length > 0 ? 'process' : unowned?.kind ?? 'unknown',
    ownerNote: unowned === null ? null : { code: unowned.code, detail: owners.length > 0 && unheld.length > 0 ? `of ${group.sockets.length} sockets that share the port, ${unheld.length} without an owner: ${unowned.detail}` : unowned.detail },
    owners: owners.map((owner) => (activation !== null && isServiceManager(owner) ? { ...owner, unit: activation.unit } : owner)),
    activation: activation === null ? null : withService(activation, owners),
    ...(hasAllOwners(candidate) ? {} : { ownersComplete: false }),
  };
  return { id: identify(listener), ...listener };
}

/** systemd itself, which is the first process. A user's manager opens what its user likes, under names he chose. */
function isServiceManager(owner: Owner): boolean {
  return owner.pid === 1 && owner.name === 'systemd';
}

/** Where the unit files do not tell the service, the process that took the socket over does. */
function withService(activation: Activation, owners: readonly Owner[]): Activation {
  if (activation.service !== null) return activation;
  const service = owners.find((owner) => !isServiceManager(owner) && owner.unit?.endsWith('.service') === true)?.unit ?? null;
  return { ...activation, service };
}
