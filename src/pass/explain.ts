import { hostname } from 'node:os';
import type { AuditedListener } from '../model/audit.ts';
import { coverageOf, type Gap } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { ExplainedHost, Explanation, RangeExplanation, ServiceExplanation, TransportExplanation } from '../model/explanation.ts';
import type { Transport } from '../model/registry.ts';
import type { EphemeralPorts } from '../model/socket.ts';
import { findNeighbours } from '../registry/neighbours.ts';
import { summarizeRange } from '../registry/summarize-range.ts';
import { judgeListeners, REGISTRY_TRANSPORT, type AuditInput } from './audit.ts';
import { explainDecisions } from './explain-decisions.ts';
import { readHostPeers } from './explain-peers.ts';
import { readQuestion, type PortQuestion, type RangeQuestion, type ServiceQuestion } from './explain-question.ts';
import { readHost, type HostReading } from './read-host.ts';

/**
 * Answers a question about ports: what the registry says of them, and who listens on them here now. A host that cannot
 * be read still has a registry.
 * @param text as `readQuestion` takes it
 * @throws PortreeveError `usage` for a question that is none; as `readHost` where one source was forced
 */
export async function explain(text: string, input: AuditInput): Promise<Explanation | RangeExplanation | ServiceExplanation> {
  const question = readQuestion(text, input.registry);
  const reading = await readHostIfPossible(input);
  switch (question.kind) {
    case 'port':
      return explainPort(question, input, reading);
    case 'range':
      return explainRange(question, input, reading);
    case 'service':
      return explainService(question, input, reading);
  }
}

async function readHostIfPossible(input: AuditInput): Promise<HostReading | null> {
  try {
    return await readHost(input);
  } catch (error) {
    if (!(error instanceof PortreeveError) || input.source !== null) throw error;
    return null;
  }
}

function explainPort({ port, transports, name }: PortQuestion, input: AuditInput, reading: HostReading | null): Explanation {
  const { registry, policy } = input;
  const listeners = listenersOn(reading, input, (each, transport) => each === port && transports.includes(transport));
  const protocols = (['tcp', 'udp'] as const).filter((protocol) => transports.includes(protocol));
  const { peers, gaps } = reading === null ? { peers: null, gaps: [] } : readHostPeers(reading, { ports: [port, port], protocols }, listeners);
  return {
    schema: 'portreeve/explain/v1',
    port,
    name,
    range: registry.lookup(port, 'tcp').range,
    registry: { source: registry.source, updated: registry.updated },
    transports: transports.map((transport) => explainTransport(input, port, transport)).filter((each) => saysSomething(each, transports, listeners)),
    host: describeHost([port, port], reading),
    listeners,
    peers,
    decisions: listeners.map((listener) => explainDecisions(listener, policy)),
    coverage: coverageWith(reading, gaps),
  };
}

function explainRange({ from, to, transports }: RangeQuestion, input: AuditInput, reading: HostReading | null): RangeExplanation {
  const { registry } = input;
  return {
    schema: 'portreeve/explain-range/v1',
    from,
    to,
    registry: { source: registry.source, updated: registry.updated },
    transports: transports.map((transport) => summarizeRange(registry, from, to, transport)),
    host: describeHost([from, to], reading),
    listeners: listenersOn(reading, input, (port, transport) => port >= from && port <= to && transports.includes(transport)),
    coverage: coverageWith(reading, []),
  };
}

function explainService({ name, matches }: ServiceQuestion, input: AuditInput, reading: HostReading | null): ServiceExplanation {
  const { registry } = input;
  const ports = [...new Set(matches.map(({ port }) => port))];
  return {
    schema: 'portreeve/explain-service/v1',
    name,
    registry: { source: registry.source, updated: registry.updated },
    ports: ports.map((port) => ({
      port,
      range: registry.lookup(port, 'tcp').range,
      transports: matches.filter((match) => match.port === port).map(({ transport, as, facts }) => ({ transport, as, facts })),
    })),
    host: { name: hostname(), platform: process.platform },
    listeners: listenersOn(reading, input, (port, transport) => matches.some((match) => match.port === port && match.transport === transport)),
    coverage: coverageWith(reading, []),
  };
}

function explainTransport({ registry }: AuditInput, port: number, transport: Transport): TransportExplanation {
  const { status, first, last, below, above } = findNeighbours(registry, port, transport);
  const unauthorizedUse = registry.unauthorizedUse?.(port, transport) ?? null;
  return { transport, facts: registry.lookup(port, transport), block: { from: first, to: last, status }, below, above, unauthorizedUse };
}

/** SCTP and DCCP are bare nearly everywhere: they are told of where the registry or this host has something, or where they were asked for. */
function saysSomething({ transport, facts, unauthorizedUse }: TransportExplanation, asked: readonly Transport[], listeners: readonly AuditedListener[]): boolean {
  if (transport === 'tcp' || transport === 'udp' || asked.length === 1 || facts.status !== 'unassigned') return true;
  return facts.former !== null || unauthorizedUse !== null || listeners.some(({ protocol }) => protocol === transport);
}

function describeHost([from, to]: readonly [number, number], reading: HostReading | null): ExplainedHost {
  return { name: hostname(), platform: process.platform, ...placeInEphemeralRange(from, to, reading?.ephemeralPorts ?? null) };
}

function placeInEphemeralRange(from: number, to: number, ports: EphemeralPorts | null): Pick<ExplainedHost, 'ephemeral' | 'reserved' | 'ephemeralRange'> {
  if (ports === null) return { ephemeral: null, reserved: null, ephemeralRange: null };
  return {
    ephemeral: to >= ports.range[0] && from <= ports.range[1],
    reserved: ports.reserved.some(([first, last]) => from >= first && to <= last),
    ephemeralRange: ports.range,
  };
}

function listenersOn(reading: HostReading | null, { registry, policy }: AuditInput, isAskedFor: (port: number, transport: Transport) => boolean): AuditedListener[] {
  if (reading === null) return [];
  const asked = reading.listeners.filter(({ port, protocol }) => {
    const transport = REGISTRY_TRANSPORT[protocol];
    return port !== null && transport !== null && isAskedFor(port, transport);
  });
  return [...judgeListeners({ listeners: asked, source: reading.source }, registry, policy)]
    .sort((one, other) => (one.port ?? 0) - (other.port ?? 0));
}

function coverageWith(reading: HostReading | null, gaps: readonly Gap[]): Explanation['coverage'] {
  return reading === null ? null : coverageOf(reading.source, [...reading.gaps, ...gaps]);
}
