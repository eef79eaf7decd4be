import { EVENT_KINDS, type PortreeveEvent } from '../model/event.ts';
import { BIND_SCOPES, OWNER_KINDS } from '../model/listener.ts';
import { ASSIGNMENT_STATUSES, PORT_RANGES } from '../model/registry.ts';
import { SEVERITIES } from '../model/severity.ts';
import { PROTOCOLS } from '../model/socket.ts';
import { EVENT_ID } from './event-id.ts';

/*
 * Whether parsed JSON is an event, so that whoever reads the log can rely on its type. A key that a later version adds
 * must be absent here, or be checked as one that may be: what an older version wrote has to stay readable.
 */

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isPort: Check = (value) => isCount(value) && (value as number) <= 65_535;
const isPlain: Check = (value) => value === null || isText(value) || isFlag(value) || Number.isFinite(value);
const orNull = (check: Check): Check => (value) => value === null || check(value);
const orAbsent = (check: Check): Check => (value) => value === undefined || check(value);
const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);
const recordOf = (check: Check): Check => (value) => isRecord(value) && Object.values(value).every(check);

function oneOf(words: readonly unknown[]): Check {
  const known = new Set(words);
  return (value) => known.has(value);
}

function shape(parts: Readonly<Record<string, Check>>): Check {
  const keys = Object.keys(parts);
  const checks = Object.values(parts);
  // A plain loop: every event read goes through a hundred of these, and this halves the cost.
  return (value) => {
    if (!isRecord(value)) return false;
    for (let index = 0; index < keys.length; index += 1) if (checks[index]?.(value[keys[index] ?? '']) !== true) return false;
    return true;
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const isTime: Check = (value) => typeof value === 'string' && ISO_8601.test(value) && !Number.isNaN(Date.parse(value));

const isOwner = shape({
  pid: isCount,
  name: isText,
  exe: orNull(isText),
  exeDeleted: orNull(isFlag),
  exeReplaced: orNull(isFlag),
  exeForeign: orNull(isFlag),
  commandLine: orNull(listOf(isText)),
  script: orNull(isText),
  uid: orNull(isCount),
  user: orNull(isText),
  unit: orNull(isText),
  innerUnit: orNull(isText),
  container: orNull(isText),
  startedAt: orNull(isText),
  exePackage: orAbsent(orNull(isText)),
});

const isFinding = shape({
  rule: isText,
  severity: oneOf(SEVERITIES),
  title: isText,
  advice: orNull(isText),
  references: listOf(isText),
  attack: listOf(isText),
  excepted: orNull(shape({ id: isText, reason: isText, expires: orNull(isText) })),
});

const isRegistryEntry = shape({
  status: oneOf(ASSIGNMENT_STATUSES),
  range: oneOf(PORT_RANGES),
  service: orNull(isText),
  aliases: listOf(isText),
  since: orNull(isText),
  former: orNull(isText),
});

const isListener = shape({
  id: isText,
  protocol: oneOf(PROTOCOLS),
  family: oneOf(['ipv4', 'ipv6']),
  address: isText,
  port: orNull(isPort),
  ipProtocol: orNull(isCount),
  scope: oneOf(BIND_SCOPES),
  interface: orNull(isText),
  dualStack: isFlag,
  sockets: isCount,
  netns: shape({ inode: orNull(isCount), name: orNull(isText) }),
  ephemeral: orNull(isFlag),
  socketUid: orNull(isCount),
  socketUser: orNull(isText),
  ownerKind: oneOf(OWNER_KINDS),
  ownerNote: orNull(shape({ code: isText, detail: isText })),
  owners: listOf(isOwner),
  ownersComplete: orAbsent(isFlag),
  activation: orNull(shape({ unit: isText, service: orNull(isText) })),
  peers: orAbsent(orNull(isFlag)),
  registry: orNull(isRegistryEntry),
  findings: listOf(isFinding),
});

const isWhole = shape({
  schema: oneOf(['portreeve/event/v1']),
  id: (value) => typeof value === 'string' && EVENT_ID.test(value),
  sequence: isCount,
  time: isTime,
  host: isText,
  kind: oneOf(EVENT_KINDS),
  audience: oneOf(['alert', 'record']),
  severity: oneOf(SEVERITIES),
  message: isText,
  alert: orNull(shape({ id: isText, openedAt: isTime, openings: isCount, resolution: orNull(oneOf(['closed', 'excepted', 'policy'])) })),
  listener: orNull(isListener),
  differences: listOf(shape({ what: isText, before: orNull(isText), after: orNull(isText) })),
  detail: recordOf(isPlain),
});

/** Whether a value has the shape of `portreeve/event/v1`. Costs a quarter of parsing it. */
export function isEvent(value: unknown): value is PortreeveEvent {
  return isWhole(value);
}
