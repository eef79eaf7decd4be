import { worstFinding, type AuditedListener } from '../model/audit.ts';
import type { Family, Sample } from './prometheus-text.ts';

/** Series of one host. Each costs a Prometheus about 3 KB of memory, and every new set of labels is another one. */
const MOST_SERIES = 1000;

/**
 * One series for each listener, worst first, as far as the bound goes; and how many are left out. Clients' UDP sockets on
 * ephemeral ports, which come and go under ever new numbers, are left out unless something is wrong with them. No
 * pid: a restart of the service makes no new series.
 */
export function describeListeners(listeners: readonly AuditedListener[]): readonly Family[] {
  const lasting = listeners.filter((listener) => listener.ephemeral !== true || listener.protocol !== 'udp' || worstFinding(listener) !== null);
  const shown = lasting.slice(0, MOST_SERIES);
  return [
    { name: 'portreeve_listener_info', help: 'A listener and who owns it, as labels; the value is always 1.', type: 'gauge', samples: shown.map((listener) => ({ labels: labelsOf(listener), value: 1 })) },
    { name: 'portreeve_omitted_listeners', help: 'Listeners without a portreeve_listener_info: over its bound, or UDP on an ephemeral port without a finding.', type: 'gauge', samples: [{ labels: {}, value: listeners.length - shown.length }] },
  ];
}

/** An empty label is the same as none (Prometheus's data model). */
function labelsOf(listener: AuditedListener): Sample['labels'] {
  const { protocol, address, port, ipProtocol, scope, netns, registry, owners, activation } = listener;
  const [owner] = owners;
  return {
    protocol,
    address,
    port: String(port ?? ipProtocol ?? ''),
    interface: listener.interface ?? '',
    netns: netns.name ?? String(netns.inode ?? ''),
    scope,
    status: registry?.status ?? 'none',
    service: registry?.service ?? '',
    severity: worstFinding(listener)?.severity ?? 'none',
    owner: owner === undefined ? listener.ownerKind : owner.name,
    exe: owner?.exe ?? '',
    user: owner?.user ?? listener.socketUser ?? '',
    unit: activation?.service ?? owner?.unit ?? '',
  };
}
