import type { AuditedListener } from '../model/audit.ts';
import type { SourceName } from '../model/coverage.ts';
import { bindScope } from '../model/ip-address.ts';
import type { Listener } from '../model/listener.ts';
import type { EphemeralPorts } from '../model/socket.ts';
import { isEphemeral } from '../inventory/fold.ts';
import { identify } from '../inventory/identity.ts';
import type { Judge } from './judge.ts';
import type { Passing } from './transients.ts';

/** What registry and policy say of a listener that no look showed, from what the kernel's event told of it. */
export function judgePassing(passing: Passing, ephemeralPorts: EphemeralPorts | null, judge: Judge, source: SourceName): AuditedListener | null {
  const listener = describePassing(passing, ephemeralPorts);
  return judge.judge([{ id: identify(listener), ...listener }], source)[0] ?? null;
}

/**
 * The event has no namespace, interface or v6only flag: the namespace has no name here, and `::` is not called
 * dual-stack, though it mostly is.
 */
function describePassing({ protocol, family, address, port, thread, caller }: Passing, ephemeralPorts: EphemeralPorts | null): Omit<Listener, 'id'> {
  return {
    protocol,
    family,
    address,
    port,
    ipProtocol: null,
    scope: bindScope(address),
    interface: null,
    dualStack: false,
    sockets: 1,
    netns: { inode: null, name: null },
    ephemeral: ephemeralPorts === null ? null : isEphemeral(port, ephemeralPorts),
    socketUid: caller?.uid ?? null,
    socketUser: caller?.user ?? null,
    ownerKind: caller === null ? 'unknown' : 'process',
    ownerNote:
      caller !== null ? null
      : thread === null ? { code: 'outside-pid-namespace', detail: 'from inside a container the process cannot be told' }
      : { code: 'process-left', detail: `thread ${thread} opened it and had left before it could be looked at` },
    owners: caller === null ? [] : [caller],
    activation: null,
  };
}
