import type { AuditedListener } from '../model/audit.ts';
import type { Explanation, ExplainedHost, NamespacePeers, RuleDecision } from '../model/explanation.ts';
import { bindScope } from '../model/ip-address.ts';
import { paint } from './paint.ts';
import type { TextOptions } from './text-options.ts';
import * as word from './wording.ts';
import { wrapText } from './wrap.ts';

const INDENT = '  ';
/** One screen; JSON has all. */
const MOST_LISTENERS = 12;
const MOST_NEAR_EXCEPTIONS = 2;
/** An exception that fails at one of these was written for another listener, which is no news. */
const WRITTEN_FOR_ANOTHER: ReadonlySet<string | null> = new Set(['port', 'protocol', 'any', 'not', 'netns', 'ipProtocol']);

type Here = Pick<Explanation, 'listeners' | 'coverage' | 'peers' | 'decisions'>;

/** What this host does with the port. */
export function renderHost(host: ExplainedHost, options: TextOptions): string[] {
  return [paint(`On ${word.showText(host.name, options)}`, 'bold', options.colour), ...wrapText(hostSentence(host), options.columns, INDENT)];
}

function hostSentence({ ephemeral, reserved, ephemeralRange }: ExplainedHost): string {
  const named = ephemeralRange === null ? 'the ephemeral range' : `the ephemeral range ${ephemeralRange[0]}-${ephemeralRange[1]}`;
  if (ephemeral === null) return 'The host does not say which ports it hands to clients.';
  if (!ephemeral) return `Outside ${named}: the kernel never hands it to a client.`;
  if (reserved === true) return `Inside ${named}, but reserved in net.ipv4.ip_local_reserved_ports: the kernel never hands it to a client.`;
  const warning = `Inside ${named}: an outgoing connection may hold it when a service wants it.`;
  return reserved === null ? warning : `${warning} A service that needs it belongs in net.ipv4.ip_local_reserved_ports.`;
}

/** Who listens, with what the policy makes of each. */
export function renderListeners({ listeners, coverage, decisions }: Pick<Here, 'listeners' | 'coverage' | 'decisions'>, options: TextOptions): string[] {
  const { columns, colour } = options;
  if (listeners.length === 0) return [paint('Listening now', 'bold', colour), ...wrapText(nobodySentence(coverage), columns, INDENT)];
  const more = listeners.length - MOST_LISTENERS;
  return [
    paint(`Listening now (${listeners.length})`, 'bold', colour),
    ...listeners.slice(0, MOST_LISTENERS).flatMap((listener) => renderListener(listener, decisions.find((each) => each.listener === listener.id)?.rules ?? [], options)),
    ...(more <= 0 ? [] : wrapText(`and ${word.count(more, 'listener')} more; --format json has all.`, columns, INDENT)),
  ];
}

/** Never "nothing" of what could not be seen. */
export function nobodySentence(coverage: Explanation['coverage']): string {
  if (coverage === null) return 'Not known: the host could not be scanned.';
  return coverage.complete ? 'Nothing.' : 'Nothing that this scan could see, and it did not see everything.';
}

function renderListener(listener: AuditedListener, rules: readonly RuleDecision[], options: TextOptions): string[] {
  const { columns, colour } = options;
  const body: string[] = [];
  // Beside owners: some of the sockets that share the port have none, or one of them is hidden.
  if (listener.ownerNote !== null) body.push(word.showText(listener.ownerNote.detail, options));
  for (const [name, label] of [
    ['user', word.userLabel(listener, options)],
    ['unit', word.unitLabel(listener, options)],
    ['executable', word.executableLabel(listener, options)],
    ['command', word.fitText(word.commandLabel(listener, options), columns * 2, options)],
  ] as const) {
    if (label !== '-') body.push(`${name} ${label}`);
  }
  return [
    ...wrapText(`${placeLabel(listener, options)}: ${word.ownerLabel(listener, options)}`, columns, INDENT, INDENT.repeat(3)),
    ...body.flatMap((text) => wrapText(text, columns, INDENT.repeat(2), INDENT.repeat(3))),
    ...listener.findings.flatMap((finding) => {
      const excepted = finding.excepted === null ? '' : `; ${word.exceptedLabel(finding, options) ?? ''}: ${word.showParagraph(finding.excepted.reason, options)}`;
      const text = `${finding.severity}: ${word.showParagraph(finding.title, options)} (${word.showText(finding.rule, options)})${excepted}`;
      return [
        ...wrapText(text, columns, INDENT.repeat(2), INDENT.repeat(3)).map((line) => paint(line, excepted === '' ? finding.severity : 'faint', colour)),
        ...(excepted === '' ? renderNearExceptions(rules.find(({ rule }) => rule === finding.rule), options) : []),
      ];
    }),
  ];
}

/** `1302/tcp 0.0.0.0 (wildcard)`, with the namespace where it is not the host's. */
export function placeLabel(listener: AuditedListener, options: TextOptions): string {
  const { name, inode } = listener.netns;
  const namespace = name === 'host' || (name === null && inode === null) ? '' : ` in ${name === null ? `network namespace ${inode}` : word.showText(name, options)}`;
  return `${word.portLabel(listener)} ${word.addressLabel(listener, options)} (${listener.scope})${namespace}`;
}

/** An exception that was meant for this port and does not silence the finding: the first condition that keeps it from doing so. */
function renderNearExceptions(decision: RuleDecision | undefined, options: TextOptions): string[] {
  const near = (decision?.exceptions ?? []).filter(({ truth, condition }) => truth !== 'true' && !WRITTEN_FOR_ANOTHER.has(condition));
  return near
    .slice(0, MOST_NEAR_EXCEPTIONS)
    .flatMap((each) => wrapText(`not excepted by ${word.showText(each.exception, options)}: ${failureLabel(each, options)}`, options.columns, INDENT.repeat(3), INDENT.repeat(4)));
}

/** `user is another (/etc/portreeve/rules.d/ours.yaml:12:7)`. */
export function failureLabel({ truth, condition, position }: Pick<RuleDecision, 'truth' | 'condition' | 'position'>, options: TextOptions): string {
  if (condition === null) return 'not true of every owner';
  const place = position === null ? '' : ` (${[position.file, position.line, position.column].filter((part) => part !== null).map((part) => word.showText(String(part), options)).join(':')})`;
  return `${word.showText(condition, options)} ${truth === 'unknown' ? 'is not known' : 'does not hold'}${place}`;
}

/** Who is connected; nothing to say where nobody listens and nobody is. */
export function renderPeers({ peers, listeners }: Pick<Here, 'peers' | 'listeners'>, options: TextOptions): string[] {
  const { columns, colour } = options;
  const connected = peers?.filter(({ total }) => total > 0) ?? [];
  if (connected.length === 0) {
    if (listeners.length === 0) return [];
    const sentence = peers === null ? 'Not known: no source that works here tells.' : 'Nobody.';
    return [paint('Connected now', 'bold', colour), ...wrapText(sentence, columns, INDENT)];
  }
  const left = listeners.length === 0 ? wrapText('Nobody listens, but the port is in use: as the own port of outgoing connections, or by those that a listener left behind.', columns, INDENT) : [];
  return [paint('Connected now', 'bold', colour), ...left, ...connected.flatMap((each) => wrapText(peersSentence(each, connected, options), columns, INDENT, INDENT.repeat(2)))];
}

function peersSentence({ protocol, netns, total, addresses, top }: NamespacePeers, all: readonly NamespacePeers[], options: TextOptions): string {
  const isAlone = all.every((other) => other.netns.inode === netns.inode) && netns.name === 'host';
  const where = isAlone ? '' : ` in ${netns.name === null ? `network namespace ${netns.inode}` : word.showText(netns.name, options)}`;
  const list = top.map(({ address, connections }) => `${word.showText(address, options)} (${bindScope(address) === 'loopback' ? 'local, ' : ''}${connections})`);
  const more = addresses - top.length;
  return `${protocol}${where}: ${word.count(total, 'connection')}, by peer: ${list.join(', ')}${more > 0 ? ` and ${more} more ${more === 1 ? 'address' : 'addresses'}` : ''}.`;
}
