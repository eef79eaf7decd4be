import { hostname } from 'node:os';
import { coverageOf } from '../model/coverage.ts';
import { PortreeveError } from '../model/errors.ts';
import type { PortRegistry } from '../model/registry.ts';
import type { SuggestedPort, Suggestion, SuggestionRequest } from '../model/suggestion.ts';
import type { PolicyDocument } from '../policy/document.ts';
import { findNamedPorts } from '../policy/named-ports.ts';
import { findNeighbours, type AssignedNeighbour } from '../registry/neighbours.ts';
import { DYNAMIC_BLOCK, findOpenBlocks } from '../registry/open-blocks.ts';
import { countConnections } from './explain-peers.ts';
import { readHost, type HostChoice, type HostReading } from './read-host.ts';
import { joinReserved, rankPorts } from './suggest-ports.ts';

export interface SuggestInput extends HostChoice {
  readonly registry: PortRegistry;
  /** The shipped packs and the local files: what they name is somebody's place. */
  readonly documents: readonly PolicyDocument[];
}

const RESERVATION_SETTING = 'net.ipv4.ip_local_reserved_ports';
/** Read after the files of the distribution (sysctl.d(5)), so that it holds. */
const RESERVATION_FILE = '/etc/sysctl.d/90-reserved-ports.conf';

/**
 * Ports for a new service: nobody's in the registry, used by nobody on this host now, not handed to its clients, and
 * not where a rule knows some software to sit. Nothing is bound to try it out: portreeve opens no port.
 * @throws PortreeveError `usage` where fewer ports fulfil that than were asked for; as `readHost` where a source was forced
 */
export async function suggest(request: SuggestionRequest, input: SuggestInput): Promise<Suggestion> {
  const reading = await readHostIfPossible(input);
  const ephemeralPorts = reading?.ephemeralPorts ?? null;
  const ranked = rankPorts({
    blocks: request.private ? [DYNAMIC_BLOCK] : findOpenBlocks(input.registry, request.protocols),
    taken: [
      ...findNamedPorts(input.documents),
      ...(reading?.listeners ?? []).flatMap(({ port }) => (port === null ? [] : [[port, port] as const])),
      ...(ephemeralPorts?.reserved ?? []),
    ],
    ephemeral: ephemeralPorts?.range ?? null,
    near: request.near,
    seed: request.seed,
  });
  const chosen: SuggestedPort[] = [];
  let connectionsChecked = reading !== null;
  for (const { port, block } of ranked) {
    if (chosen.length === request.count) break;
    const connections = reading === null ? null : countConnections(reading, { ports: [port, port], protocols: request.protocols });
    if (connections === null) connectionsChecked = false;
    else if (connections > 0) continue;
    chosen.push(describePort(port, block, request, input.registry, ephemeralPorts?.range ?? null));
  }
  if (chosen.length < request.count) {
    throw new PortreeveError('usage', `only ${chosen.length} of the ${request.count} ports asked for can be found`, { hint: 'ask for fewer' });
  }
  return {
    schema: 'portreeve/suggest/v1',
    request,
    registry: { source: input.registry.source, updated: input.registry.updated },
    host: { name: hostname(), platform: process.platform, ephemeralRange: ephemeralPorts?.range ?? null },
    ports: chosen,
    connectionsChecked,
    reservation: ephemeralPorts === null ? null : planReservation(chosen, ephemeralPorts.reserved),
    coverage: reading === null ? null : coverageOf(reading.source, reading.gaps),
  };
}

async function readHostIfPossible(choice: HostChoice): Promise<HostReading | null> {
  try {
    return await readHost(choice);
  } catch (error) {
    if (!(error instanceof PortreeveError) || choice.source !== null) throw error;
    return null;
  }
}

function describePort(port: number, { from, to }: SuggestedPort['block'], { protocols }: SuggestionRequest, registry: PortRegistry, ephemeral: readonly [number, number] | null): SuggestedPort {
  const around = protocols.map((protocol) => findNeighbours(registry, port, protocol));
  const nearest = (neighbours: readonly (AssignedNeighbour | null)[]): AssignedNeighbour | null =>
    neighbours.filter((each) => each !== null).sort((one, other) => Math.abs(one.port - port) - Math.abs(other.port - port))[0] ?? null;
  return {
    port,
    range: registry.lookup(port, 'tcp').range,
    block: { from, to },
    below: nearest(around.map(({ below }) => below)),
    above: nearest(around.map(({ above }) => above)),
    ephemeral: ephemeral === null ? null : port >= ephemeral[0] && port <= ephemeral[1],
  };
}

function planReservation(ports: readonly SuggestedPort[], reserved: readonly (readonly [number, number])[]): Suggestion['reservation'] {
  const inDanger = ports.filter(({ ephemeral, range }) => ephemeral === true || range === 'dynamic');
  if (inDanger.length === 0) return null;
  return {
    needed: inDanger.some(({ ephemeral }) => ephemeral === true),
    setting: RESERVATION_SETTING,
    value: joinReserved(reserved, inDanger.map(({ port }) => port)),
    file: RESERVATION_FILE,
  };
}
