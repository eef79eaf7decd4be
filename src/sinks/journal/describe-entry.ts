import { worstFinding } from '../../model/audit.ts';
import type { PortreeveEvent } from '../../model/event.ts';
import { cleanText } from '../../model/untrusted-text.ts';
import { SYSLOG_SEVERITIES } from '../syslog/priority.ts';
import type { Outgoing } from '../transport.ts';
import { MESSAGE_IDS } from './message-ids.ts';

/** One field of a journal entry; a name can occur several times. */
export type JournalField = readonly [name: string, value: string];

/** A field name has 64 characters at most, and what starts with `_` is the journal's own (systemd.journal-fields(7)). */
const NAME_LENGTH = 64;

/**
 * An event as a journal entry. Values other than MESSAGE are as they are, whatever a process called itself: `journalctl
 * PORTREEVE_EXE=...` must find them, and it shows unprintable ones as such.
 */
export function describeEntry({ event, possibleDuplicate }: Outgoing): readonly JournalField[] {
  const { alert, listener, detail, differences } = event;
  const fields: (readonly [string, string | number | boolean | null | undefined])[] = [
    ['MESSAGE', cleanText(event.message, { again: true })],
    ['PRIORITY', SYSLOG_SEVERITIES[event.severity]],
    ['MESSAGE_ID', MESSAGE_IDS[event.kind]],
    ['SYSLOG_IDENTIFIER', 'portreeve'],
    ['PORTREEVE_EVENT_ID', event.id],
    ['PORTREEVE_SEQUENCE', event.sequence],
    ['PORTREEVE_KIND', event.kind],
    ['PORTREEVE_SEVERITY', event.severity],
    ['PORTREEVE_TIME', event.time],
    ['PORTREEVE_POSSIBLE_DUPLICATE', possibleDuplicate ? true : null],
    ['PORTREEVE_ALERT', alert?.id],
    ['PORTREEVE_OPENED_AT', alert?.openedAt],
    ['PORTREEVE_OPENINGS', alert?.openings],
    ['PORTREEVE_RESOLUTION', alert?.resolution],
    ...(listener === null ? [] : describeListener(listener)),
    ...differences.map(({ what, before, after }) => ['PORTREEVE_CHANGED', `${what}: ${before ?? '-'} -> ${after ?? '-'}`] as const),
    ...Object.entries(detail).map(([key, value]) => [detailName(key), value] as const),
  ];
  return fields.flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, String(value)]]));
}

function describeListener(listener: NonNullable<PortreeveEvent['listener']>): readonly (readonly [string, string | number | boolean | null | undefined])[] {
  const { registry, owners, activation } = listener;
  return [
    ['PORTREEVE_PORT', listener.port],
    ['PORTREEVE_PROTOCOL', listener.protocol],
    ['PORTREEVE_ADDRESS', listener.address],
    ['PORTREEVE_SCOPE', listener.scope],
    ['PORTREEVE_INTERFACE', listener.interface],
    ['PORTREEVE_NETNS', listener.netns.name ?? listener.netns.inode],
    ['PORTREEVE_STATUS', registry?.status],
    ['PORTREEVE_SERVICE', registry?.service],
    ['PORTREEVE_FORMER', registry?.former],
    ['PORTREEVE_FINDING', worstFinding(listener)?.title],
    ...listener.findings.filter(({ excepted }) => excepted === null).map(({ rule }) => ['PORTREEVE_RULE', rule] as const),
    ...listener.findings.flatMap(({ excepted }) => (excepted === null ? [] : [['PORTREEVE_EXCEPTION', excepted.id] as const])),
    ['PORTREEVE_OWNER_KIND', listener.ownerKind],
    ['PORTREEVE_OWNER_NOTE', listener.ownerNote?.detail],
    ...owners.flatMap((owner) => [
      ['PORTREEVE_PID', owner.pid] as const,
      ['PORTREEVE_NAME', owner.name] as const,
      ['PORTREEVE_EXE', owner.exe] as const,
      ['PORTREEVE_UID', owner.uid] as const,
      ['PORTREEVE_USER', owner.user] as const,
      ['PORTREEVE_UNIT', owner.unit] as const,
      ['PORTREEVE_CONTAINER', owner.container] as const,
      ['PORTREEVE_CMDLINE', owner.commandLine?.join(' ')] as const,
    ]),
    ['PORTREEVE_SOCKET_UNIT', activation?.unit],
    ['PORTREEVE_SOCKET_USER', listener.socketUser],
    ['PORTREEVE_LISTENER', listener.id],
  ];
}

/** `livedMs` becomes `PORTREEVE_DETAIL_LIVED_MS`. */
function detailName(key: string): string {
  const words = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9_]/g, '_').toUpperCase();
  return `PORTREEVE_DETAIL_${words}`.slice(0, NAME_LENGTH);
}
