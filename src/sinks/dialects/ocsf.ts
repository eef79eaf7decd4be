import { worstFinding } from '../../model/audit.ts';
import type { EventKind } from '../../model/event.ts';
import type { Severity } from '../../model/severity.ts';
import { VERSION } from '../../model/version.ts';
import type { Outgoing } from '../transport.ts';
import { knownOnly } from './known-only.ts';

const OCSF_VERSION = '1.3.0';
const CATEGORY = 2;
const CLASS = 2004;

/** `severity_id`: 1 informational to 5 critical. Its name follows the number, as the schema wants it. */
const SEVERITIES: Readonly<Record<Severity, readonly [id: number, name: string]>> = {
  info: [1, 'Informational'],
  notice: [2, 'Low'],
  warning: [3, 'Medium'],
  error: [4, 'High'],
  critical: [5, 'Critical'],
};

const CREATE = [1, 'Create'] as const;
const UPDATE = [2, 'Update'] as const;
const CLOSE = [3, 'Close'] as const;
const OTHER = [99, 'Other'] as const;

/** `activity_id`: what the event does to the finding. */
const ACTIVITIES: Readonly<Record<EventKind, readonly [id: number, name: string]>> = {
  opened: CREATE,
  transient: CREATE,
  storm: CREATE,
  loss: CREATE,
  changed: UPDATE,
  reminder: UPDATE,
  resolved: CLOSE,
  exception: OTHER,
  coverage: OTHER,
  registry: OTHER,
  policy: OTHER,
  agent: OTHER,
  test: OTHER,
  listening: OTHER,
  closed: OTHER,
};

/** `status_id`: where the finding stands after it. What is no finding of its own has none. */
const STATUSES: Readonly<Record<number, readonly [id: number, name: string]>> = { 1: [1, 'New'], 2: [2, 'In Progress'], 3: [4, 'Resolved'] };

/**
 * An event as OCSF's Detection Finding (class 2004). All events about one alert have the same `finding_info.uid`, which is
 * how a reader joins its opening to its end. What the class has no attribute for is under `unmapped`.
 */
export function describeInOcsf({ event, possibleDuplicate }: Outgoing): unknown {
  const { listener, alert } = event;
  const [severityId, severity] = SEVERITIES[event.severity];
  const [activityId, activity] = ACTIVITIES[event.kind];
  const [statusId, status] = STATUSES[activityId] ?? [];
  const worst = listener === null ? null : worstFinding(listener);
  const time = Date.parse(event.time);
  return knownOnly({
    activity_id: activityId,
    // Of an activity that the schema does not know it is the source's own name.
    activity_name: activityId === OTHER[0] ? event.kind : activity,
    category_uid: CATEGORY,
    category_name: 'Findings',
    class_uid: CLASS,
    class_name: 'Detection Finding',
    type_uid: CLASS * 100 + activityId,
    type_name: `Detection Finding: ${activity}`,
    time,
    severity_id: severityId,
    severity,
    status_id: statusId,
    status,
    status_detail: alert?.resolution,
    message: event.message,
    metadata: {
      version: OCSF_VERSION,
      uid: event.id,
      sequence: event.sequence,
      event_code: event.kind,
      log_name: 'portreeve',
      original_time: event.time,
      // A container is an attribute of a process in that profile alone.
      profiles: listener?.owners.some(({ container }) => container !== null) === true ? ['container'] : null,
      product: { name: 'portreeve', vendor_name: 'portreeve', version: VERSION },
    },
    finding_info: {
      uid: alert?.id ?? event.id,
      title: worst?.title ?? event.message,
      desc: event.message,
      types: listener?.findings.filter(({ excepted }) => excepted === null).map(({ rule }) => rule),
      created_time: toMilliseconds(alert?.openedAt) ?? time,
      modified_time: time,
      analytic: worst === null ? null : { uid: worst.rule, name: worst.title, type_id: 1, type: 'Rule' },
      attacks: worst?.attack.map((technique) => ({ technique: { uid: technique } })),
      src_url: worst?.references.find((reference) => reference.startsWith('https://')),
    },
    remediation: { desc: worst?.advice, references: worst?.advice === null ? null : worst?.references },
    device: { hostname: event.host, type_id: 0, type: 'Unknown' },
    evidences:
      listener === null
        ? null
        : (listener.owners.length === 0 ? [null] : listener.owners).map((owner) => ({
            dst_endpoint: { ip: listener.address, port: listener.port, hostname: event.host, svc_name: listener.registry?.service, interface_name: listener.interface },
            connection_info: { protocol_name: listener.protocol, direction_id: 1, direction: 'Inbound', protocol_ver_id: listener.family === 'ipv6' ? 6 : 4 },
            process: {
              pid: owner?.pid,
              name: owner?.name,
              cmd_line: owner?.commandLine?.join(' '),
              created_time: toMilliseconds(owner?.startedAt),
              file: describeFile(owner?.exe),
              user: { uid: owner?.uid?.toString(), name: owner?.user },
              container: { uid: owner?.container },
            },
          })),
    unmapped: {
      possible_duplicate: possibleDuplicate ? true : null,
      status: listener?.registry?.status,
      former: listener?.registry?.former,
      scope: listener?.scope,
      netns: listener?.netns.name,
      listener: listener?.id,
      owner_kind: listener?.ownerKind,
      owner_note: listener?.ownerNote?.detail,
      unit: listener?.owners[0]?.unit,
      socket_unit: listener?.activation?.unit,
      exceptions: listener?.findings.flatMap(({ excepted }) => (excepted === null ? [] : [excepted.id])),
      openings: alert?.openings,
      differences: event.differences,
      detail: event.detail,
    },
  });
}

function toMilliseconds(time: string | null | undefined): number | null {
  return typeof time === 'string' ? Date.parse(time) : null;
}

function describeFile(path: string | null | undefined): unknown {
  return typeof path === 'string' ? { path, name: path.slice(path.lastIndexOf('/') + 1), type_id: 1, type: 'Regular File' } : null;
}
