import type { AuditedListener, Finding } from '../model/audit.ts';
import type { Listener, Owner, UnknownReason } from '../model/listener.ts';
import type { PortFacts } from '../model/registry.ts';
import { cleanText, truncate } from '../model/untrusted-text.ts';
import type { TextOptions } from './text-options.ts';

/** Longer text than this is cut before it is cleaned: no line shows it, and a command line can have two megabytes. */
const LONGEST_SHOWN = 2048;
const MOST_PIDS = 3;

/** Untrusted text for people: cleaned, and cut where it is absurdly long. */
export function showText(text: string, options: TextOptions): string {
  if (text.length <= LONGEST_SHOWN) return cleanText(text, options);
  return cleanText(text.slice(0, LONGEST_SHOWN), options) + symbols(options).ellipsis;
}

/** Text of several lines, such as an advice, as one line to be wrapped anew. */
export function showParagraph(text: string, options: TextOptions): string {
  return showText(text.trim().replace(/\s+/g, ' '), options);
}

/** Cuts cleaned text to a width, with the ellipsis of the character set. */
export function fitText(text: string, columns: number, options: TextOptions, keep: 'start' | 'end' = 'start'): string {
  return truncate(text, columns, { ellipsis: symbols(options).ellipsis, keep });
}

export function symbols(options: TextOptions): { readonly ellipsis: string; readonly arrow: string } {
  return options.ascii ? { ellipsis: '...', arrow: '->' } : { ellipsis: '…', arrow: '→' };
}

/** `1 port`, `2 ports`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** `1302/tcp`; for a raw socket, which has no port, `raw/icmp`. */
export function portLabel(listener: Pick<Listener, 'port' | 'protocol' | 'ipProtocol'>): string {
  if (listener.port !== null) return `${listener.port}/${listener.protocol}`;
  const name = listener.ipProtocol === null ? null : (IP_PROTOCOLS.get(listener.ipProtocol) ?? String(listener.ipProtocol));
  return name === null ? listener.protocol : `${listener.protocol}/${name}`;
}

/** Those that a raw socket is likely to be opened for, from IANA's protocol numbers; 255 is IPPROTO_RAW. */
const IP_PROTOCOLS: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'], [2, 'igmp'], [4, 'ipv4'], [6, 'tcp'], [17, 'udp'], [41, 'ipv6'], [47, 'gre'], [50, 'esp'], [51, 'ah'],
  [58, 'icmpv6'], [88, 'eigrp'], [89, 'ospf'], [103, 'pim'], [112, 'vrrp'], [115, 'l2tp'], [132, 'sctp'], [255, 'any'],
]);

/** As ss writes it: `0.0.0.0`, `[::1]`, `[fe80::1]%eth0`; an IPv6 wildcard that takes IPv4 too says so. */
export function addressLabel(listener: Pick<Listener, 'address' | 'family' | 'interface' | 'dualStack'>, options: TextOptions): string {
  const address = showText(listener.address, options);
  const zone = listener.interface === null ? '' : `%${showText(listener.interface, options)}`;
  return (listener.family === 'ipv6' ? `[${address}]` : address) + zone + (listener.dualStack ? ' v4+v6' : '');
}

/** What the registry says, in as few words as tell it: `ssh`, `unassigned`, `de-assigned 2019-10-30 (was NAME)`. */
export function registryLabel(facts: PortFacts | null, options: TextOptions): string {
  if (facts === null) return '-';
  switch (facts.status) {
    case 'assigned':
      return facts.service === null ? 'assigned' : showText(facts.service, options);
    case 'reserved':
    case 'de-assigned': {
      const since = facts.since === null ? '' : ` ${showText(facts.since, options)}`;
      return facts.status + since + (facts.former === null ? '' : ` (was ${showText(facts.former, options)})`);
    }
    case 'unassigned':
    case 'dynamic':
      return facts.status;
  }
}

const UNKNOWN_WORDS: Readonly<Record<UnknownReason | 'kernel', string>> = {
  'no-privilege': 'no privilege',
  'process-left': 'process left',
  'outside-pid-namespace': 'outside PID namespace',
  'no-holder': 'no process holds it',
  'concealed': 'hidden from /proc',
  'source-limit': 'not told by source',
  'not-searched': 'not yet found',
  'kernel': 'kernel',
};

/** Who holds a listener: `nginx[12,13]`, `ssh.socket -> ssh.service`, `kernel (nfsd)`, `unknown: no privilege`. */
export function ownerLabel(listener: Pick<Listener, 'ownerKind' | 'ownerNote' | 'owners' | 'activation'>, options: TextOptions): string {
  const { ownerKind, ownerNote, owners, activation } = listener;
  if (activation !== null) {
    const service = activation.service === null ? 'no service' : showText(activation.service, options);
    const running = processesLabel(owners.filter((owner) => !isServiceManager(owner)), options);
    return `${showText(activation.unit, options)} ${symbols(options).arrow} ${service}${running === '' ? '' : ` ${running}`}`;
  }
  // The detail names the service first and then says how it is known, which has no room here.
  if (ownerKind === 'kernel') return ownerNote === null ? 'kernel' : `kernel (${showText(ownerNote.detail.split(': ', 1).join(''), options)})`;
  if (ownerKind === 'unknown') return ownerNote === null ? 'unknown' : `unknown: ${UNKNOWN_WORDS[ownerNote.code]}`;
  return owners.length === 0 ? 'unknown' : processesLabel(owners, options);
}

/** `nginx[12,13,14 +3 more] php-fpm[20] (deleted)`: processes of one name together, in the order of their first pid. */
function processesLabel(owners: readonly Owner[], options: TextOptions): string {
  const byName = new Map<string, Owner[]>();
  for (const owner of owners) {
    const same = byName.get(owner.name);
    if (same === undefined) byName.set(owner.name, [owner]);
    else same.push(owner);
  }
  return [...byName].map(([name, same]) => `${showText(name, options)}[${pidsLabel(same)}]${executableMark(same)}`).join(' ');
}

function pidsLabel(owners: readonly Owner[]): string {
  const shown = owners.length > MOST_PIDS + 1 ? MOST_PIDS : owners.length;
  const pids = owners.slice(0, shown).map((owner) => owner.pid).join(',');
  return owners.length > shown ? `${pids} +${owners.length - shown} more` : pids;
}

function executableMark(owners: readonly Owner[]): string {
  const gone = owners.filter((owner) => owner.exeDeleted === true);
  if (gone.length === 0) return '';
  return gone.every((owner) => owner.exeReplaced === true) ? ' (replaced)' : ' (deleted)';
}

/** The service manager holds an activated socket for its service; it is not the one who serves. */
function isServiceManager(owner: Owner): boolean {
  return owner.pid === 1 || owner.name === 'systemd';
}

/** The users that a listener's owners run as, else who created the socket; `-` where neither is known. */
export function userLabel(listener: Pick<Listener, 'owners' | 'socketUid' | 'socketUser'>, options: TextOptions): string {
  const owned = listener.owners.map((owner) => owner.user ?? owner.uid);
  return listLabel(owned.length > 0 ? owned : [listener.socketUser ?? listener.socketUid], options);
}

/** systemd units (the service, where a socket unit holds the listener for it), or containers by their short id. */
export function unitLabel({ owners, activation }: Pick<Listener, 'owners' | 'activation'>, options: TextOptions): string {
  if (activation !== null) return listLabel([activation.service ?? activation.unit], options);
  return listLabel(owners.map((owner) => (owner.container === null ? owner.unit : `container ${shortContainer(owner.container)}`)), options);
}

export function executableLabel(listener: Pick<Listener, 'owners'>, options: TextOptions): string {
  return listLabel(listener.owners.map((owner) => owner.exe), options);
}

/** The command line of the first owner that has one. */
export function commandLabel(listener: Pick<Listener, 'owners'>, options: TextOptions): string {
  const commandLine = listener.owners.find((owner) => owner.commandLine !== null && owner.commandLine.length > 0)?.commandLine;
  return commandLine === undefined || commandLine === null ? '-' : showText(commandLine.join(' '), options);
}

/** The 12 digits that container tools show. */
export function shortContainer(container: string): string {
  return /^[0-9a-f]{64}$/.test(container) ? container.slice(0, 12) : container;
}

function listLabel(values: readonly (string | number | null)[], options: TextOptions): string {
  const distinct = [...new Set(values)].filter((value) => value !== null);
  const [first, second] = distinct;
  if (first === undefined) return '-';
  const label = showText(String(first), options);
  if (second === undefined) return label;
  return distinct.length === 2 ? `${label}, ${showText(String(second), options)}` : `${label} +${distinct.length - 1}`;
}

/** Why a finding does not count: `excepted by ID, until DATE`. */
export function exceptedLabel(finding: Finding, options: TextOptions): string | null {
  if (finding.excepted === null) return null;
  const until = finding.excepted.expires === null ? '' : `, until ${showText(finding.excepted.expires, options)}`;
  return `excepted by ${showText(finding.excepted.id, options)}${until}`;
}

/** The findings that no exception silences. */
export function standingFindings(listener: Pick<AuditedListener, 'findings'>): readonly Finding[] {
  return listener.findings.filter((finding) => finding.excepted === null);
}
