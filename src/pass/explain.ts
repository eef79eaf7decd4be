import { hostname } from 'node:os';
import { evaluateListener } from '../findings/evaluate.ts';
import { coverageOf } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { Explanation, TransportExplanation } from '../model/explanation.ts';
import type { Policy } from '../model/policy.ts';
import { TRANSPORTS, type PortRegistry, type Transport } from '../model/registry.ts';
import type { EphemeralPorts } from '../model/socket.ts';
import { findNeighbours } from '../registry/neighbours.ts';
import { joinRegistry, REGISTRY_TRANSPORT, type AuditInput } from './audit.ts';
import { readHost, type HostReading } from './read-host.ts';

/** A port on one transport, or on those that are in daily use. */
export interface PortQuestion {
  readonly port: number;
  readonly transports: readonly Transport[];
}

/**
 * Reads `PORT` or `PORT/PROTO`. Without a protocol TCP and UDP are meant.
 * @throws PortreeveError `usage`
 */
export function parsePortQuestion(text: string): PortQuestion {
  const match = /^(\d{1,10})(?:\/([A-Za-z]+))?$/.exec(text.trim());
  if (match === null) throw new PortreeveError('usage', `"${text}" is not a port`, { hint: 'write a number, or a number and a protocol: 1302, 1302/tcp' });
  const port = Number(match[1]);
  if (port > 65_535) throw new PortreeveError('usage', `there is no port ${match[1]}`, { hint: 'ports go from 0 to 65535' });
  if (match[2] === undefined) return { port, transports: ['tcp', 'udp'] };
  const transport = TRANSPORTS.find((known) => known === match[2]?.toLowerCase());
  if (transport === undefined) throw new PortreeveError('usage', `"${match[2]}" is not a protocol with ports`, { hint: `one of ${TRANSPORTS.join(', ')}` });
  return { port, transports: [transport] };
}

/** What the registry says of a port, and who listens on it here now. A host that cannot be read still has a registry. */
export async function explain(question: PortQuestion, { source, registry, policy }: AuditInput): Promise<Explanation> {
  const { port, transports } = question;
  let reading: HostReading | null = null;
  try {
    reading = await readHost(source);
  } catch (error) {
    if (!(error instanceof PortreeveError) || source !== null) throw error;
  }
  const facts = transports.map((transport) => explainTransport(registry, port, transport));
  return {
    schema: 'portreeve/explain/v1',
    port,
    range: registry.lookup(port, 'tcp').range,
    registry: { source: registry.source, updated: registry.updated },
    transports: facts,
    host: { name: hostname(), ...placeInEphemeralRange(port, reading?.ephemeralPorts ?? null) },
    listeners: reading === null ? [] : listenersOn(reading, question, registry, policy),
    coverage: reading === null ? null : coverageOf(reading.source, reading.gaps),
  };
}

function explainTransport(registry: PortRegistry, port: number, transport: Transport): TransportExplanation {
  const { status, first, last, below, above } = findNeighbours(registry, port, transport);
  return { transport, facts: registry.lookup(port, transport), block: { from: first, to: last, status }, below, above };
}

function placeInEphemeralRange(port: number, ports: EphemeralPorts | null): Omit<Explanation['host'], 'name'> {
  if (ports === null) return { ephemeral: null, reserved: null, ephemeralRange: null };
  return {
    ephemeral: port >= ports.range[0] && port <= ports.range[1],
    reserved: ports.reserved.some(([from, to]) => port >= from && port <= to),
    ephemeralRange: ports.range,
  };
}

function listenersOn(reading: HostReading, { port, transports }: PortQuestion, registry: PortRegistry, policy: Policy): Explanation['listeners'] {
  return reading.listeners
    .filter((listener) => {
      const transport = REGISTRY_TRANSPORT[listener.protocol];
      return listener.port === port && transport !== null && transports.includes(transport);
    })
    .map((listener) => joinRegistry(listener, registry))
    .map((listener) => ({ ...listener, findings: evaluateListener(listener, policy) }));
}
