import { worstFinding } from '../../model/audit.ts';
import type { EventKind } from '../../model/event.ts';
import { VERSION } from '../../model/version.ts';
import { SYSLOG_SEVERITIES } from '../syslog/priority.ts';
import type { Outgoing } from '../transport.ts';
import { knownOnly } from './known-only.ts';

const ECS_VERSION = '8.11.0';

/** `event.type`, from what ECS expects with the categories `network` (no `change`) and `configuration` (no `error`). */
const EVENT_TYPES: Readonly<Record<EventKind, readonly string[]>> = {
  opened: ['start'],
  changed: ['info'],
  reminder: ['info'],
  resolved: ['end'],
  transient: ['start', 'end'],
  storm: ['info'],
  exception: ['info'],
  coverage: ['info'],
  registry: ['change'],
  policy: ['change'],
  agent: ['info'],
  loss: ['info'],
  test: ['info'],
  listening: ['start'],
  closed: ['end'],
};

/** Numbers of `event.severity` grow with what they matter, unlike syslog's. */
const HIGHEST_SYSLOG_SEVERITY = 7;

/**
 * An event in the fields of the Elastic Common Schema. What the schema has no field for is under `portreeve.*`. The
 * listener is a `server`: ECS's name for the side that answers.
 */
export function describeInEcs({ event, possibleDuplicate }: Outgoing): unknown {
  const { listener, alert } = event;
  const owner = listener?.owners[0];
  const worst = listener === null ? null : worstFinding(listener);
  return knownOnly({
    '@timestamp': event.time,
    'message': event.message,
    'ecs': { version: ECS_VERSION },
    'log': { level: event.severity, syslog: { severity: { code: SYSLOG_SEVERITIES[event.severity], name: event.severity } } },
    'event': {
      id: event.id,
      sequence: event.sequence,
      kind: event.audience === 'alert' && listener !== null ? 'alert' : 'event',
      category: listener === null ? ['configuration'] : ['network'],
      type: EVENT_TYPES[event.kind],
      action: event.kind,
      severity: HIGHEST_SYSLOG_SEVERITY - SYSLOG_SEVERITIES[event.severity],
      module: 'portreeve',
      dataset: 'portreeve.event',
      provider: 'portreeve',
      start: alert?.openedAt,
      reason: worst?.title,
    },
    'observer': { vendor: 'portreeve', product: 'portreeve', type: 'host-port-audit', version: VERSION, hostname: event.host },
    'host': { name: event.host, hostname: event.host },
    'rule': { id: worst?.rule, name: worst?.title, reference: worst?.references[0], ruleset: worst === null ? null : 'portreeve' },
    'threat': { framework: (worst?.attack.length ?? 0) > 0 ? 'MITRE ATT&CK' : null, technique: { id: worst?.attack } },
    'server': { ip: listener?.address, address: listener?.address, port: listener?.port },
    'network': { transport: listener?.protocol, type: listener?.family },
    'process': {
      pid: owner?.pid,
      name: owner?.name,
      executable: owner?.exe,
      args: owner?.commandLine,
      start: owner?.startedAt,
      user: { id: owner?.uid?.toString(), name: owner?.user },
    },
    'user': { id: listener?.socketUid?.toString(), name: listener?.socketUser },
    'service': { name: owner?.unit },
    'container': { id: owner?.container },
    'portreeve': {
      schema: event.schema,
      possible_duplicate: possibleDuplicate ? true : null,
      alert,
      rules: listener?.findings.filter(({ excepted }) => excepted === null).map(({ rule }) => rule),
      exceptions: listener?.findings.flatMap(({ excepted }) => (excepted === null ? [] : [excepted.id])),
      listener: listener?.id,
      scope: listener?.scope,
      status: listener?.registry?.status,
      service: listener?.registry?.service,
      former: listener?.registry?.former,
      netns: listener?.netns.name,
      owner: { kind: listener?.ownerKind, note: listener?.ownerNote?.detail, count: listener?.owners.length },
      socket_unit: listener?.activation?.unit,
      differences: event.differences,
      detail: event.detail,
    },
  });
}
