import type { Difference } from '../model/audit-change.ts';
import type { AuditedListener, Finding } from '../model/audit.ts';
import { EVENT_KINDS, type AlertSummary, type PortreeveEvent } from '../model/event.ts';
import { BIND_SCOPES, OWNER_KINDS, type Activation, type Owner } from '../model/listener.ts';
import { ASSIGNMENT_STATUSES, PORT_RANGES, type PortFacts } from '../model/registry.ts';
import { SEVERITIES } from '../model/severity.ts';
import { PROTOCOLS, type NetworkNamespace } from '../model/socket.ts';
import { EVENT_ID } from './event-id.ts';

/*
 * Whether parsed JSON is an event, so that whoever reads the log can rely on its type. A key that a later version adds
 * must be absent here, or be checked as one that may be: what an older version wrote has to stay readable.
 *
 * Each key is named where it is read. A table of keys and checks costs two to three times as much: code that reads keys of
 * many shapes in one place finds none of them quickly, and every event that is read comes through here.
 */

/** What may be a `T`: any key may be missing, or be anything. */
type Claimed<T> = Readonly<Partial<Record<keyof T, unknown>>>;

/** Whether a value is an event of the schema `portreeve/event/v1`. Costs a seventh of parsing it. */
export function isEvent(value: unknown): value is PortreeveEvent {
  return (
    isObject<PortreeveEvent>(value) &&
    value.schema === 'portreeve/event/v1' &&
    isText(value.id) && EVENT_ID.test(value.id) &&
    isCount(value.sequence) &&
    isTime(value.time) &&
    isText(value.host) &&
    isOneOf(KINDS, value.kind) &&
    (value.audience === 'alert' || value.audience === 'record') &&
    isOneOf(SEVERITY_WORDS, value.severity) &&
    isText(value.message) &&
    (value.alert === null || isAlert(value.alert)) &&
    (value.listener === null || isListener(value.listener)) &&
    isListOf(isDifference, value.differences) &&
    isDetail(value.detail)
  );
}

const KINDS = new Set<unknown>(EVENT_KINDS);
const SEVERITY_WORDS = new Set<unknown>(SEVERITIES);
const PROTOCOL_WORDS = new Set<unknown>(PROTOCOLS);
const SCOPE_WORDS = new Set<unknown>(BIND_SCOPES);
const OWNER_KIND_WORDS = new Set<unknown>(OWNER_KINDS);
const STATUS_WORDS = new Set<unknown>(ASSIGNMENT_STATUSES);
const RANGE_WORDS = new Set<unknown>(PORT_RANGES);
const RESOLUTIONS = new Set<unknown>([null, 'closed', 'excepted', 'policy'] satisfies AlertSummary['resolution'][]);

function isAlert(value: unknown): boolean {
  return isObject<AlertSummary>(value) && isText(value.id) && isTime(value.openedAt) && isCount(value.openings) && isOneOf(RESOLUTIONS, value.resolution);
}

function isListener(value: unknown): boolean {
  return (
    isObject<AuditedListener>(value) &&
    isText(value.id) &&
    isOneOf(PROTOCOL_WORDS, value.protocol) &&
    (value.family === 'ipv4' || value.family === 'ipv6') &&
    isText(value.address) &&
    (value.port === null || isPort(value.port)) &&
    isCountOrNull(value.ipProtocol) &&
    isOneOf(SCOPE_WORDS, value.scope) &&
    isTextOrNull(value.interface) &&
    isFlag(value.dualStack) &&
    isCount(value.sockets) &&
    isNamespace(value.netns) &&
    isFlagOrNull(value.ephemeral) &&
    isCountOrNull(value.socketUid) &&
    isTextOrNull(value.socketUser) &&
    isOneOf(OWNER_KIND_WORDS, value.ownerKind) &&
    (value.ownerNote === null || isOwnerNote(value.ownerNote)) &&
    isListOf(isOwner, value.owners) &&
    (value.ownersComplete === undefined || isFlag(value.ownersComplete)) &&
    (value.activation === null || isActivation(value.activation)) &&
    (value.peers === undefined || isFlagOrNull(value.peers)) &&
    (value.registry === null || isPortFacts(value.registry)) &&
    isListOf(isFinding, value.findings)
  );
}

function isOwner(value: unknown): boolean {
  return (
    isObject<Owner>(value) &&
    isCount(value.pid) &&
    isText(value.name) &&
    isTextOrNull(value.exe) &&
    isFlagOrNull(value.exeDeleted) &&
    isFlagOrNull(value.exeReplaced) &&
    isFlagOrNull(value.exeForeign) &&
    (value.commandLine === null || isListOf(isText, value.commandLine)) &&
    isTextOrNull(value.script) &&
    isCountOrNull(value.uid) &&
    isTextOrNull(value.user) &&
    isTextOrNull(value.unit) &&
    isTextOrNull(value.innerUnit) &&
    isTextOrNull(value.container) &&
    isTextOrNull(value.startedAt) &&
    (value.exePackage === undefined || isTextOrNull(value.exePackage))
  );
}

function isFinding(value: unknown): boolean {
  return (
    isObject<Finding>(value) &&
    isText(value.rule) &&
    isOneOf(SEVERITY_WORDS, value.severity) &&
    isText(value.title) &&
    isTextOrNull(value.advice) &&
    isListOf(isText, value.references) &&
    isListOf(isText, value.attack) &&
    (value.excepted === null || isExcepted(value.excepted))
  );
}

function isExcepted(value: unknown): boolean {
  return isObject<NonNullable<Finding['excepted']>>(value) && isText(value.id) && isText(value.reason) && isTextOrNull(value.expires);
}

function isPortFacts(value: unknown): boolean {
  return (
    isObject<PortFacts>(value) &&
    isOneOf(STATUS_WORDS, value.status) &&
    isOneOf(RANGE_WORDS, value.range) &&
    isTextOrNull(value.service) &&
    isListOf(isText, value.aliases) &&
    isTextOrNull(value.since) &&
    isTextOrNull(value.former)
  );
}

function isNamespace(value: unknown): boolean {
  return isObject<NetworkNamespace>(value) && isCountOrNull(value.inode) && isTextOrNull(value.name);
}

function isOwnerNote(value: unknown): boolean {
  return isObject<NonNullable<AuditedListener['ownerNote']>>(value) && isText(value.code) && isText(value.detail);
}

function isActivation(value: unknown): boolean {
  return isObject<Activation>(value) && isText(value.unit) && isTextOrNull(value.service);
}

function isDifference(value: unknown): boolean {
  return isObject<Difference>(value) && isText(value.what) && isTextOrNull(value.before) && isTextOrNull(value.after);
}

function isDetail(value: unknown): boolean {
  return isObject<PortreeveEvent['detail']>(value) && Object.values(value).every((each) => isTextOrNull(each) || isFlag(each) || Number.isFinite(each));
}

/** Where it holds, the keys of what the caller looks for are still to be checked. */
function isObject<T extends object>(value: unknown): value is Claimed<T> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(check: (value: unknown) => boolean, value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => check(each));
}

function isOneOf(words: ReadonlySet<unknown>, value: unknown): boolean {
  return words.has(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isFlagOrNull(value: unknown): boolean {
  return value === null || typeof value === 'boolean';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCountOrNull(value: unknown): boolean {
  return value === null || isCount(value);
}

function isPort(value: unknown): boolean {
  return isCount(value) && value <= 65_535;
}

const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;

function isTime(value: unknown): boolean {
  return typeof value === 'string' && ISO_8601.test(value) && !Number.isNaN(Date.parse(value));
}
