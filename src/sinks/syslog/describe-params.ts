import { worstFinding } from '../../model/audit.ts';
import type { Owner } from '../../model/listener.ts';
import { cleanText } from '../../model/untrusted-text.ts';
import type { Outgoing } from '../transport.ts';

/** One parameter of the structured data. */
export interface Param {
  /** 1 to 32 printable ASCII characters (RFC 5424, section 6.3.3). */
  readonly name: string;
  readonly value: string;
  /** What happens to it where a message is too long: nothing, its value is shortened, or it is left out. */
  readonly keep: 'whole' | 'part' | 'none';
}

const NAME_LENGTH = 32;

/** Rule, port and owner must arrive whatever else does not. */
const WHOLE: ReadonlySet<string> = new Set(['eventId', 'sequence', 'kind', 'possibleDuplicate', 'port', 'protocol', 'address']);
const PART: ReadonlySet<string> = new Set(['rule', 'rules', 'owner', 'exe', 'user', 'unit']);

/**
 * What an analyst filters an event by, the most important first. Texts that a process chose are cleaned: syslog files are
 * read on terminals. What is unknown has no parameter.
 */
export function describeParams({ event, possibleDuplicate }: Outgoing): readonly Param[] {
  const { alert, listener, detail, differences } = event;
  const owner = listener?.owners[0];
  const rules = listener?.findings.filter(({ excepted }) => excepted === null).map(({ rule }) => rule) ?? [];
  const exceptions = listener?.findings.flatMap(({ excepted }) => (excepted === null ? [] : [excepted.id])) ?? [];
  const worst = listener === null ? null : worstFinding(listener);
  const values: Readonly<Record<string, string | number | boolean | null | undefined>> = {
    eventId: event.id,
    sequence: event.sequence,
    kind: event.kind,
    possibleDuplicate: possibleDuplicate ? true : null,
    rule: rules[0],
    rules: rules.length > 1 ? rules.join(',') : null,
    port: listener?.port,
    protocol: listener?.protocol,
    address: listener?.address,
    owner: owner?.name ?? (listener?.ownerKind === 'process' ? null : listener?.ownerKind),
    exe: owner?.exe,
    user: owner?.user ?? owner?.uid ?? listener?.socketUser,
    unit: owner?.unit,
    severity: event.severity,
    status: listener?.registry?.status,
    scope: listener?.scope,
    pid: owner?.pid,
    alert: alert?.id,
    resolution: alert?.resolution,
    title: worst?.title,
    container: owner?.container,
    ownerNote: listener?.ownerNote?.detail,
    otherOwners: describeOthers(listener?.owners ?? []),
    exceptions: exceptions.length > 0 ? exceptions.join(',') : null,
    socketUnit: listener?.activation?.unit,
    service: listener?.registry?.service,
    former: listener?.registry?.former,
    netns: listener?.netns.name ?? listener?.netns.inode,
    interface: listener?.interface,
    openedAt: alert?.openedAt,
    openings: alert?.openings,
    changed: differences.length === 0 ? null : differences.map(({ what, before, after }) => `${what}: ${before ?? '-'} -> ${after ?? '-'}`).join('; '),
    ...Object.fromEntries(Object.entries(detail).map(([key, value]) => [detailName(key), value])),
    script: owner?.script,
    commandLine: owner?.commandLine?.join(' '),
  };
  return Object.entries(values).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [{ name, value: cleanText(String(value)), keep: WHOLE.has(name) ? 'whole' : PART.has(name) ? 'part' : 'none' }],
  );
}

function describeOthers(owners: readonly Owner[]): string | null {
  if (owners.length < 2) return null;
  return owners.slice(1).map(({ pid, name, exe }) => `${exe ?? name} (${pid})`).join(', ');
}

/** `livedMs` becomes `detailLivedMs`, so that no detail is taken for anything else. */
function detailName(key: string): string {
  const word = key.replace(/[^A-Za-z0-9]/g, '');
  return `detail${word.slice(0, 1).toUpperCase()}${word.slice(1)}`.slice(0, NAME_LENGTH);
}
