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
  const params: Param[] = [];
  const add = (name: string, value: string | number | boolean | null | undefined, keep: Param['keep'] = 'none'): void => {
    if (value === null || value === undefined) return;
    params.push({ name, value: typeof value === 'string' ? cleanText(value) : String(value), keep });
  };

  // Rule, port and owner must arrive whatever else does not.
  add('eventId', event.id, 'whole');
  add('sequence', event.sequence, 'whole');
  add('kind', event.kind, 'whole');
  add('possibleDuplicate', possibleDuplicate ? true : null, 'whole');
  add('rule', rules[0], 'part');
  add('rules', rules.length > 1 ? rules.join(',') : null, 'part');
  add('port', listener?.port, 'whole');
  add('protocol', listener?.protocol, 'whole');
  add('address', listener?.address, 'whole');
  add('owner', owner?.name ?? (listener?.ownerKind === 'process' ? null : listener?.ownerKind), 'part');
  add('exe', owner?.exe, 'part');
  add('user', owner?.user ?? owner?.uid ?? listener?.socketUser, 'part');
  add('unit', owner?.unit, 'part');
  add('severity', event.severity);
  add('status', listener?.registry?.status);
  add('scope', listener?.scope);
  add('pid', owner?.pid);
  add('alert', alert?.id);
  add('resolution', alert?.resolution);
  add('title', worst?.title);
  add('container', owner?.container);
  add('ownerNote', listener?.ownerNote?.detail);
  add('otherOwners', describeOthers(listener?.owners ?? []));
  add('exceptions', exceptions.length > 0 ? exceptions.join(',') : null);
  add('socketUnit', listener?.activation?.unit);
  add('service', listener?.registry?.service);
  add('former', listener?.registry?.former);
  add('netns', listener?.netns.name ?? listener?.netns.inode);
  add('interface', listener?.interface);
  add('openedAt', alert?.openedAt);
  add('openings', alert?.openings);
  add('changed', differences.length === 0 ? null : differences.map(({ what, before, after }) => `${what}: ${before ?? '-'} -> ${after ?? '-'}`).join('; '));
  for (const [key, value] of Object.entries(detail)) add(detailName(key), value);
  add('script', owner?.script);
  add('commandLine', owner?.commandLine?.join(' '));
  return params;
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
