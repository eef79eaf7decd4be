import type { AuditedListener } from '../model/audit.ts';
import type { Explanation, TransportExplanation } from '../model/explanation.ts';
import type { AssignmentStatus, PortRange } from '../model/registry.ts';
import { formatJson } from './ascii-json.ts';
import { listenerRecord } from './audit-data.ts';
import { renderCoverage } from './coverage-text.ts';
import { renderException } from './exception-yaml.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';

const RANGES: Readonly<Record<PortRange, string>> = {
  system: 'system range (0-1023, "well-known"): the standard services; on most systems only root may bind here',
  user: 'user range (1024-49151, "registered"): services that asked IANA for a port',
  dynamic: 'dynamic range (49152-65535, "private or ephemeral"): for clients and private use',
};

/** What each status means to who finds or wants a service there; after RFC 6335, sections 6 and 8. */
const MEANINGS: Readonly<Record<AssignmentStatus, string>> = {
  'assigned': 'IANA gave it to this service. That says what to expect here, not that what listens is that service.',
  'unassigned': 'Nobody has it, and IANA may give it to someone any day. A service here is a local decision, or a guest.',
  'reserved': 'IANA keeps it back and gives it to nobody. No service has a reason to expect it.',
  'de-assigned': 'It belonged to a service that gave it up. Old software may still use it; new software has no business here.',
  'dynamic': 'IANA never assigns it. Clients get such ports for a moment; a service here may meet one that was faster.',
};

/** The explanation as JSON, indented by two. */
export function renderExplanationJson(explanation: Explanation): string {
  const { schema, port, range, registry, transports, host, listeners, coverage } = explanation;
  return `${formatJson({ schema, port, range, registry, transports, host, listeners: listeners.map(listenerRecord), coverage }, 2)}\n`;
}

/** The explanation for people: the registry, the host, who listens here now, and what to do. */
export function* renderExplanation(explanation: Explanation, options: TextOptions): Generator<string> {
  const { coverage } = explanation;
  const sections = [
    renderHeading(explanation, options),
    ...renderTransports(explanation, options),
    renderHost(explanation, options),
    renderListeners(explanation, options),
    coverage === null ? [] : renderCoverage(coverage, options),
    renderNextSteps(explanation, options),
  ];
  let gap = '';
  for (const section of sections) {
    if (section.length === 0) continue;
    yield `${gap}${section.join('\n')}\n`;
    gap = '\n';
  }
}

function renderHeading({ port, range, registry }: Explanation, options: TextOptions): string[] {
  const source = registry.source === 'embedded' ? 'embedded snapshot' : word.showText(registry.source, options);
  return [
    paint(`Port ${port}`, 'bold', options.colour),
    ...wrapText(`In the ${RANGES[range]}.`, options.columns, INDENT),
    ...wrapText(`Registry: ${source} of ${word.showText(registry.updated, options)}.`, options.columns, INDENT),
  ];
}

/** One section per transport; transports of which the registry says the same share one. */
function renderTransports({ transports }: Explanation, options: TextOptions): string[][] {
  const alike = new Map<string, TransportExplanation[]>();
  for (const entry of transports) {
    const key = JSON.stringify([entry.facts, entry.block, entry.below, entry.above]);
    const same = alike.get(key);
    if (same === undefined) alike.set(key, [entry]);
    else same.push(entry);
  }
  return [...alike.values()].map((same) => {
    const names = same.map(({ transport }) => transport).join(', ');
    return same.slice(0, 1).flatMap((entry) => renderTransport(names, entry, options));
  });
}

function renderTransport(names: string, { facts, block, below, above }: TransportExplanation, options: TextOptions): string[] {
  const { columns, colour } = options;
  const body: string[] = [MEANINGS[facts.status]];
  if (facts.aliases.length > 0) body.push(`Also registered as ${facts.aliases.map((alias) => word.showText(alias, options)).join(', ')}.`);
  if (facts.status !== 'assigned') {
    if (block.to > block.from) body.push(`The ports ${block.from}-${block.to} are all ${block.status}.`);
    const neighbours = [neighbourLabel(below, 'below', options), neighbourLabel(above, 'above', options)].filter((text) => text !== '');
    if (neighbours.length > 0) body.push(`Nearest assigned: ${neighbours.join(', ')}.`);
  }
  return [
    ...wrapText(`${names}: ${standing(facts, options)}`, columns).map((line) => paint(line, 'bold', colour)),
    ...body.flatMap((text) => wrapText(text, columns, INDENT)),
  ];
}

function standing(facts: TransportExplanation['facts'], options: TextOptions): string {
  const since = facts.since === null ? '' : word.showText(facts.since, options);
  if (facts.status === 'assigned') {
    const service = facts.service === null ? 'a service without a name' : word.showText(facts.service, options);
    return `assigned to ${service}${since === '' ? '' : `, registered ${since}`}`;
  }
  const former = facts.former === null ? '' : `formerly ${word.showText(facts.former, options)}, `;
  return former + facts.status + (since === '' ? '' : ` ${since}`);
}

function neighbourLabel(neighbour: TransportExplanation['below'], side: string, options: TextOptions): string {
  if (neighbour === null) return '';
  return `${neighbour.port}${neighbour.service === null ? '' : ` ${word.showText(neighbour.service, options)}`} ${side}`;
}

function renderHost({ host }: Explanation, options: TextOptions): string[] {
  const range = host.ephemeralRange === null ? null : `${host.ephemeralRange[0]}-${host.ephemeralRange[1]}`;
  return [
    paint(`On ${word.showText(host.name, options)}`, 'bold', options.colour),
    ...wrapText(hostSentence(host, range), options.columns, INDENT),
  ];
}

function hostSentence({ ephemeral, reserved }: Explanation['host'], range: string | null): string {
  const named = range === null ? 'the ephemeral range' : `the ephemeral range ${range}`;
  if (ephemeral === null) return 'The host does not say which ports it hands to clients.';
  if (!ephemeral) return `Outside ${named}: the kernel never hands it to a client.`;
  if (reserved === true) return `Inside ${named}, but reserved in net.ipv4.ip_local_reserved_ports: the kernel never hands it to a client.`;
  const warning = `Inside ${named}: an outgoing connection may hold it when a service wants it.`;
  return reserved === null ? warning : `${warning} A service that needs it belongs in net.ipv4.ip_local_reserved_ports.`;
}

function renderListeners({ listeners, coverage }: Explanation, options: TextOptions): string[] {
  const { columns, colour } = options;
  if (coverage === null) return ['Listening now', ...wrapText('Not known: the host could not be scanned.', columns, INDENT)];
  if (listeners.length === 0) {
    const sentence = coverage.complete ? 'Nothing.' : 'Nothing that this scan could see, and it did not see everything.';
    return [paint('Listening now', 'bold', colour), ...wrapText(sentence, columns, INDENT)];
  }
  return [paint(`Listening now (${listeners.length})`, 'bold', colour), ...listeners.flatMap((listener) => renderListener(listener, options))];
}

function renderListener(listener: AuditedListener, options: TextOptions): string[] {
  const { columns, colour } = options;
  const place = `${word.portLabel(listener)} ${word.addressLabel(listener, options)} (${listener.scope})`;
  const body: string[] = [];
  if (listener.owners.length === 0 && listener.ownerNote !== null) body.push(word.showText(listener.ownerNote.detail, options));
  for (const [name, label] of [
    ['user', word.userLabel(listener, options)],
    ['unit', word.unitLabel(listener, options)],
    ['executable', word.executableLabel(listener, options)],
    ['command', word.fitText(word.commandLabel(listener, options), columns * 2, options)],
  ] as const) {
    if (label !== '-') body.push(`${name} ${label}`);
  }
  return [
    ...wrapText(`${place}: ${word.ownerLabel(listener, options)}`, columns, INDENT, INDENT.repeat(3)),
    ...body.flatMap((text) => wrapText(text, columns, INDENT.repeat(2), INDENT.repeat(3))),
    ...listener.findings.flatMap((finding) => {
      const excepted = finding.excepted === null ? '' : `; ${word.exceptedLabel(finding, options) ?? ''}: ${word.showParagraph(finding.excepted.reason, options)}`;
      const text = `${finding.severity}: ${word.showParagraph(finding.title, options)} (${word.showText(finding.rule, options)})${excepted}`;
      return wrapText(text, columns, INDENT.repeat(2), INDENT.repeat(3)).map((line) => paint(line, excepted === '' ? finding.severity : 'faint', colour));
    }),
  ];
}

function renderNextSteps({ port, transports, listeners }: Explanation, options: TextOptions): string[] {
  const { columns, colour } = options;
  const advice = new Set(listeners.flatMap((listener) => word.standingFindings(listener).flatMap((finding) => finding.advice ?? [])));
  const steps = [...advice].flatMap((text) => wrapText(word.showParagraph(text, options), columns, INDENT));
  // Commands and the exception are there to be copied: they are never wrapped.
  const commands = lookCommands(port, transports, listeners);
  const exceptions = listeners.filter((listener) => word.standingFindings(listener).length > 0);
  return [
    paint('What to do next', 'bold', colour),
    ...steps,
    ...(steps.length > 0 ? [''] : []),
    `${INDENT}See for yourself:`,
    ...commands.map((command) => INDENT.repeat(2) + command),
    ...(exceptions.length === 0 ? [] : ['', ...wrapText('To approve exactly what listens here now, put this into a policy file, with a reason:', columns, INDENT)]),
    ...(exceptions.length === 0 ? [] : renderException(exceptions).map((line) => INDENT.repeat(2) + line)),
  ];
}

/** Commands name processes by pid alone, so that nothing that a process chose is ever pasted into a shell. */
function lookCommands(port: number, transports: readonly TransportExplanation[], listeners: readonly AuditedListener[]): string[] {
  const asked = new Set(transports.map(({ transport }) => transport));
  const flags = `${asked.has('tcp') ? 't' : ''}${asked.has('udp') ? 'u' : ''}`;
  const commands: string[] = [];
  if (flags !== '') commands.push(`sudo ss -Hlnp${flags} 'sport = :${port}'`, `sudo lsof -nP -i ${flags === 'tu' ? '' : flags === 't' ? 'TCP' : 'UDP'}:${port}`);
  if (asked.has('sctp')) commands.push(`sudo ss -HlnpS 'sport = :${port}'`);
  const pids = [...new Set(listeners.flatMap(({ owners }) => owners.map(({ pid }) => pid)))].filter((pid) => pid > 1);
  return commands.concat(pids.slice(0, 3).flatMap((pid) => [`sudo ls -l /proc/${pid}/exe`, `systemctl status ${pid}`]));
}
