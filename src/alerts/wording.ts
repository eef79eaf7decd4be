import { worstFinding, type AuditedListener } from '../model/audit.ts';
import type { Difference } from '../model/audit-change.ts';
import { standingOf } from '../model/compare-listeners.ts';
import type { Owner, UnknownReason } from '../model/listener.ts';
import { cleanText, truncate } from '../model/untrusted-text.ts';
import type { ExceptionNotice } from './exceptions.ts';
import type { StormReport } from './storm.ts';

/** All that alerts say, each one line for a person. What a process chose is cleaned and cut. */

/** Columns of a message at most: what every syslog receiver takes whole, its header included (RFC 5424, section 6.1). */
const LONGEST_MESSAGE = 300;
const LONGEST_PATH = 80;
const LONGEST_NAME = 40;
const LONGEST_TITLE = 100;
const MOST_DIFFERENCES = 3;

/** `tcp *:1302 opened by nc[1234] (/usr/bin/nc, user root, session-3.scope): Listener on a de-assigned port`. */
export function wordOpened(listener: AuditedListener, { listeners, atStart, flapping }: { readonly listeners: number; readonly atStart: boolean; readonly flapping: { readonly openings: number; readonly within: number } | null }): string {
  const places = wordPlace(listener) + (listeners > 1 ? ` and ${count(listeners - 1, 'more port')}` : '');
  if (flapping !== null) return line(`${places} keeps opening and closing (${count(flapping.openings, 'time')} within ${wordTime(flapping.within)}), last ${wordHolder('by', listener)}: ${wordFindings(listener)}`);
  return line(`${places} ${atStart ? `${listeners > 1 ? 'were' : 'was'} open at the start, ${wordHolder('held by', listener)}` : `opened ${wordHolder('by', listener)}`}: ${wordFindings(listener)}`);
}

export function wordChanged(listener: AuditedListener, differences: readonly Difference[]): string {
  const shown = differences.slice(0, MOST_DIFFERENCES).map(({ what, before, after }) => `${what} ${before === null ? 'none' : show(before, LONGEST_NAME)} -> ${after === null ? 'none' : show(after, LONGEST_NAME)}`);
  const more = differences.length > shown.length ? ` and ${differences.length - shown.length} more` : '';
  const what = shown.length === 0 ? 'not what it was' : shown.join(', ') + more;
  const findings = worstFinding(listener) === null ? '' : `: ${wordFindings(listener)}`;
  return line(`${wordPlace(listener)} changed (${what}), ${wordHolder('held by', listener)}${findings}`);
}

export function wordReminder(listener: AuditedListener, { listeners, openFor, openings }: { readonly listeners: number; readonly openFor: number; readonly openings: number }): string {
  const places = wordPlace(listener) + (listeners > 1 ? ` and ${count(listeners - 1, 'more port')}` : '');
  return line(`${places} still open after ${wordTime(openFor)}${openings > 1 ? ` (${openings} openings)` : ''}, ${wordHolder('held by', listener)}: ${wordFindings(listener)}`);
}

export function wordReminders(alerts: number): string {
  return `${count(alerts, 'more alert')} still open: portreeve status and portreeve history tell which`;
}

export function wordResolved(listener: AuditedListener, resolution: 'closed' | 'excepted' | 'policy', { openFor, openings }: { readonly openFor: number; readonly openings: number }): string {
  const holder = wordHolder('held by', listener);
  if (resolution === 'closed') return line(`${wordPlace(listener)} closed after ${wordTime(openFor)}${openings > 1 ? ` and ${openings} openings` : ''}, was ${holder}`);
  if (resolution === 'policy') return line(`${wordPlace(listener)} is no alert any more: no rule finds fault with it now, ${holder}`);
  const ids = [...new Set(listener.findings.flatMap(({ excepted }) => excepted?.id ?? []))].map((id) => show(id, LONGEST_NAME));
  return line(`${wordPlace(listener)} is no alert any more: excepted by ${ids.join(', ')}, ${holder}`);
}

/** @param total how often its program did it, where that is why it is told; else null */
export function wordTransient(listener: AuditedListener, { count: times, livedMs, total, within }: { readonly count: number; readonly livedMs: number | null; readonly total: number | null; readonly within: number }): string {
  // Its end was not heard: it may be open still, in a namespace that nobody can look into.
  const what =
    times > 1 ? `opened and closed ${times} times${livedMs === null ? '' : `, last for ${wordTime(livedMs)}`}`
    : livedMs === null ? 'opened, and no look found it'
    : `was open for ${wordTime(livedMs)}`;
  const often = total === null ? '' : `, ${count(total, 'time')} within ${wordTime(within)} by that program`;
  const findings = worstFinding(listener) === null ? '' : `: ${wordFindings(listener)}`;
  return line(`${wordFoldedPlace(listener, times)} ${what}, ${wordHolder('held by', listener)}${often}${findings}`);
}

export function wordListening(listener: AuditedListener, times: number): string {
  return line(times === 1 ? `${wordPlace(listener)} listening, ${wordHolder('held by', listener)}` : `${wordFoldedPlace(listener, times)} opened ${times} times, last ${wordHolder('held by', listener)}`);
}

export function wordClosed(listener: AuditedListener, times: number): string {
  return line(times === 1 ? `${wordPlace(listener)} closed, was ${wordHolder('held by', listener)}` : `${wordFoldedPlace(listener, times)} closed ${times} times, last was ${wordHolder('held by', listener)}`);
}

/** Owners that take turns. */
export function wordTurns(listener: AuditedListener, times: number): string {
  return line(`${wordPlace(listener)} changed back ${count(times, 'time')}, ${wordHolder('held by', listener)}`);
}

export function wordStorm({ count: now, total, rules, programs, untracked }: StormReport, within: number): string {
  const list = (names: StormReport['rules']): string => names.map(([name, number]) => `${show(name, LONGEST_NAME)} (${number})`).join(', ');
  const told = `${now} more ${now === 1 ? 'alert' : 'alerts'} than are told one by one within ${wordTime(within)}`;
  const sum = total > now ? `, ${total} in this storm` : '';
  const room = untracked === 0 ? '' : `; ${count(untracked, 'listener')} beyond what can be tracked`;
  return line(`${told}${sum}${total > 0 ? `: ${list(rules)}; by ${list(programs)}` : ''}${room}`);
}

export function wordException({ stage, standing }: ExceptionNotice): string {
  const { id, expires, daysLeft, unusedDays, owner, file, line: number } = standing;
  const name = `exception ${show(id, LONGEST_NAME)} (${show(file, LONGEST_PATH, 'end')}${number === null ? '' : `:${number}`}${owner === null ? '' : `, owner ${show(owner, LONGEST_NAME)}`})`;
  const day = expires ?? '';
  if (stage === 'expired') return line(`${name} expired at the end of ${day}: what it silenced alerts again`);
  if (stage === 'expiring') return line(`${name} expires at the end of ${day}, ${daysLeft === 0 ? 'today' : `in ${count(daysLeft ?? 0, 'day')}`}: renew it or let it go`);
  return line(`${name} was used by no listener for ${count(unusedDays ?? 0, 'day')}: delete it, before something else hides behind it`);
}

/** As ss writes it: `tcp 0.0.0.0:22`, `tcp *:80` (dual-stack), `udp [fe80::1]%eth0:546`, `raw *:1`; with the namespace where it is not the host's. */
export function wordPlace({ protocol, family, address, dualStack, interface: boundTo, port, ipProtocol, netns }: AuditedListener): string {
  const bare = show(address, LONGEST_NAME);
  const shown = dualStack || address === '0.0.0.0' ? '*' : family === 'ipv6' ? `[${bare}]` : bare;
  const zone = boundTo === null ? '' : `%${show(boundTo, LONGEST_NAME)}`;
  // Without inode and name the namespace is not unnamed but unknown, as in the kernel's own events.
  const name = netns.name !== null ? `network namespace ${show(netns.name, LONGEST_NAME)}` : netns.inode !== null ? 'an unnamed network namespace' : null;
  const where = netns.name === 'host' || name === null ? '' : ` in ${name}`;
  return `${protocol} ${shown}${zone}:${port ?? ipProtocol ?? '?'}${where}`;
}

/** Ports that the host gives out are counted together, and the last of them is shown. */
function wordFoldedPlace(listener: AuditedListener, times: number): string {
  return times > 1 && listener.ephemeral === true ? `${listener.protocol} ports of the ephemeral range (last ${listener.port ?? '?'})` : wordPlace(listener);
}

const UNKNOWN_WORDS: Readonly<Record<UnknownReason | 'kernel', string>> = {
  'no-privilege': 'its processes may not be read',
  'process-left': 'the process had left',
  'outside-pid-namespace': 'it may be outside of this PID namespace',
  'no-holder': 'no process holds it',
  'concealed': 'it is hidden from /proc',
  'source-limit': 'the source cannot tell',
  'not-searched': 'not all processes were asked yet',
  'kernel': 'the kernel',
};

function wordHolder(by: string, { ownerKind, ownerNote, owners, activation, socketUser, socketUid }: AuditedListener): string {
  const held = activation === null ? '' : `${show(activation.unit, LONGEST_NAME)}${activation.service === null ? '' : ` for ${show(activation.service, LONGEST_NAME)}`}`;
  if (held !== '') return `${by} ${held}`;
  if (ownerKind === 'kernel') return `${by} the kernel${ownerNote === null ? '' : ` (${show(ownerNote.detail.split(': ', 1).join(''), LONGEST_NAME)})`}`;
  const [first] = owners;
  if (first === undefined) {
    const creator = socketUser ?? (socketUid === null ? null : `uid ${socketUid}`);
    const reason = ownerNote === null ? 'no reason given' : UNKNOWN_WORDS[ownerNote.code];
    return `${by} an unknown owner (${reason}${creator === null ? '' : `; socket of ${show(creator, LONGEST_NAME)}`})`;
  }
  return `${by} ${wordOwner(first)}${owners.length > 1 ? ` and ${count(owners.length - 1, 'more process', 'more processes')}` : ''}`;
}

function wordOwner({ name, pid, exe, exeDeleted, exeReplaced, user, uid, unit, container }: Owner): string {
  const path = exe === null ? 'executable not readable' : show(exe, LONGEST_PATH, 'end') + (exeDeleted === true ? (exeReplaced === true ? ' replaced' : ' deleted') : '');
  const facts = [
    path,
    user !== null ? `user ${show(user, LONGEST_NAME)}` : uid !== null ? `uid ${uid}` : '',
    container !== null ? `container ${show(container.replace(/^([0-9a-f]{12})[0-9a-f]{52}$/, '$1'), LONGEST_NAME)}` : unit !== null ? show(unit, LONGEST_NAME) : '',
  ];
  return `${show(name, LONGEST_NAME)}[${pid}] (${facts.filter((fact) => fact !== '').join(', ')})`;
}

/** The title of the worst finding that stands, and how many stand besides. */
function wordFindings({ findings }: AuditedListener): string {
  const [worst, ...others] = standingOf(findings);
  if (worst === undefined) return 'nothing stands against it now';
  return show(worst.title, LONGEST_TITLE) + (others.length > 0 ? ` (and ${count(others.length, 'more finding')})` : '');
}

/** `0.4 ms`, `3 s`, `10 min`, `26 h`, `3 days`. */
export function wordTime(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${milliseconds < 10 ? Math.round(milliseconds * 10) / 10 : Math.round(milliseconds)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

/** Cut before it is cleaned: a path can have thousands of characters, and cleaning makes up to ten of one. */
function show(text: string, columns: number, keep: 'start' | 'end' = 'start'): string {
  const cut = text.length <= 1024 ? text : keep === 'end' ? text.slice(-1024) : text.slice(0, 1024);
  return truncate(cleanText(cut), columns, { ellipsis: '...', keep });
}

function line(text: string): string {
  return truncate(cleanText(text, { again: true }), LONGEST_MESSAGE, { ellipsis: '...' });
}
