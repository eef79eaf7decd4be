import type { AssignedNeighbour } from '../model/explanation.ts';
import type { SuggestedPort, Suggestion } from '../model/suggestion.ts';
import { formatJson } from '../model/ascii-json.ts';
import { renderCoverage } from './coverage-text.ts';
import { renderSource } from './explain-registry.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
const DEEP = INDENT.repeat(2);

/** The form by which IANA takes applications. */
const APPLICATION = 'https://www.iana.org/form/ports-services';

/** The suggestion as JSON, indented by two. */
export function renderSuggestionJson(suggestion: Suggestion): string {
  const { schema, request, registry, host, ports, connectionsChecked, reservation, coverage } = suggestion;
  return `${formatJson({ schema, request, registry, host, ports, connectionsChecked, reservation, coverage }, 2)}\n`;
}

/** The suggestion for people: the ports, why these, and what to do to have and to keep one. */
export function* renderSuggestion(suggestion: Suggestion, options: TextOptions): Generator<string> {
  const sections = [
    ...suggestion.ports.map((port) => renderPort(port, suggestion, options)),
    renderReasons(suggestion, options),
    suggestion.coverage === null ? [] : renderCoverage(suggestion.coverage, options),
    renderNextSteps(suggestion, options),
  ];
  let gap = '';
  for (const section of sections) {
    if (section.length === 0) continue;
    yield `${gap}${section.join('\n')}\n`;
    gap = '\n';
  }
}

function renderPort(port: SuggestedPort, { request }: Suggestion, options: TextOptions): string[] {
  const protocols = request.protocols.join(' and ');
  const text =
    port.range === 'dynamic'
      ? 'In the dynamic range 49152-65535, which IANA never assigns.'
      : `Unassigned on ${protocols}, in the block ${port.block.from}-${port.block.to}; nearest assigned: ${neighbours(port, options)}.`;
  return [paint(`Port ${port.port}`, 'bold', options.colour), ...wrapText(text, options.columns, INDENT)];
}

function neighbours({ port, below, above }: SuggestedPort, options: TextOptions): string {
  const label = (neighbour: AssignedNeighbour | null): string[] =>
    neighbour === null ? [] : [`${neighbour.port}${neighbour.service === null ? '' : ` ${word.showText(neighbour.service, options)}`} (${Math.abs(neighbour.port - port)} away)`];
  const all = [...label(below), ...label(above)];
  return all.length === 0 ? 'none' : all.join(', ');
}

function renderReasons(suggestion: Suggestion, options: TextOptions): string[] {
  const { request, ports, host, coverage, connectionsChecked, registry } = suggestion;
  const name = word.showText(host.name, options);
  const [them, are] = ports.length === 1 ? ['it', 'it is'] : ['them', 'they are'];
  const reasons = [
    coverage === null
      ? `Whether ${them === 'it' ? 'it is' : 'they are'} free on ${name} is not known: the host could not be scanned.`
      : `Nobody listens on ${them} on ${name}${coverage.complete ? '' : ', as far as the scan could see'}${connectionsChecked ? `, and no connection uses ${them}` : '; whether a connection does is not known'}. Nothing was tried out: portreeve binds no port.`,
    ephemeralSentence(suggestion),
    `No rule or exception, shipped or local, names ${them}: no software is known to sit there by habit. Round numbers are left out, which people choose by hand.`,
    request.near === null
      ? `Among ports as good, the seed "${word.showText(request.seed, options)}" decided: the same seed gives the same answer for as long as it is free.`
      : `Of all such ports ${are} the closest to ${request.near}.`,
  ];
  return [paint('Why', 'bold', options.colour), ...reasons.flatMap((reason) => wrapText(reason, options.columns, `${INDENT}- `, DEEP)), ...renderSource(registry, options)];
}

function ephemeralSentence({ ports, host: { ephemeralRange } }: Suggestion): string {
  if (ephemeralRange === null) return 'Which ports the host hands to clients is not known.';
  const range = `the ephemeral range ${ephemeralRange[0]}-${ephemeralRange[1]}`;
  return ports.some(({ ephemeral }) => ephemeral === true)
    ? `Outside ${range} there is nothing that fits: it has to be reserved, or a client may hold it when the service starts.`
    : `Outside ${range}, from which the kernel takes the ports of outgoing connections.`;
}

function renderNextSteps(suggestion: Suggestion, options: TextOptions): string[] {
  const { ports, request } = suggestion;
  const first = ports[0]?.port ?? 0;
  const blocks = [
    renderReservation(suggestion, options),
    wrapText(`An audit reports a listener without an assignment until an exception approves it; once the service runs, this offers a narrow one: portreeve explain ${first}`, options.columns, INDENT),
    (request.private ? PRIVATE : KEEP).flatMap((text) => wrapText(text, options.columns, INDENT)),
  ].filter((block) => block.length > 0);
  return [paint('What to do next', 'bold', options.colour), ...blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]))];
}

/** What RFC 6335 asks of one who wants to keep a port; the sections as cited. */
const KEEP: readonly string[] = [
  'Unassigned means that IANA may give the number to somebody else any day. To keep it, apply for it (RFC 6335, section 8.1.1):',
  APPLICATION,
  'It asks for a service name, the transports, who is responsible and whom to contact, a description, and a document of the protocol; it may name the number wished for. A service gets one number, for all its versions, with and without encryption (section 7.2).',
  'A service name has 1 to 15 letters, digits and hyphens, at least one letter, and no hyphen at either end or beside another (section 5.1).',
];

const PRIVATE: readonly string[] = [
  'The number can never be yours alone (RFC 6335, section 6): keep it configurable, and let clients learn it from the configuration, from DNS or from a file. A service that others must find on a fixed number needs an assigned one: portreeve suggest, without --private.',
];

/** Lines to be copied are never wrapped. */
function renderReservation({ reservation, ports, host, request }: Suggestion, options: TextOptions): string[] {
  if (reservation === null) return host.platform === 'win32' && request.private ? renderWindowsReservation(ports, request.protocols, options) : [];
  const sentence = reservation.needed
    ? 'Reserve it, so that the kernel never hands it to a client. The setting is one list: what is reserved already is in it.'
    : 'Nothing has to be reserved, since the port is outside the ephemeral range. Should that range ever grow, this keeps the port out of it; what is reserved already is in the list.';
  return [
    ...wrapText(sentence, options.columns, INDENT),
    `${DEEP}# ${reservation.file}`,
    `${DEEP}${reservation.setting} = ${reservation.value}`,
    ...wrapText('It takes effect with: sudo sysctl --system', options.columns, INDENT),
  ];
}

function renderWindowsReservation(ports: readonly SuggestedPort[], protocols: readonly string[], options: TextOptions): string[] {
  return [
    ...wrapText('Reserve it, as administrator:', options.columns, INDENT),
    ...ports.flatMap(({ port }) => protocols.map((protocol) => `${DEEP}netsh int ipv4 add excludedportrange protocol=${protocol} startport=${port} numberofports=1`)),
  ];
}
